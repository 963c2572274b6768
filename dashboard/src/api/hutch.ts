import { createClient } from '@hutch/client'
import { adminHeaders } from './api.ts'

/** The client for documents and live queries, as the operator: the word asks the server to look at the cookie. */
export const hutch = createClient(undefined, { token: async () => 'operator', headers: adminHeaders })
