import { createClient } from '@hutch/client'
import { adminHeaders } from './api.ts'

/** The client for documents and live queries, as the operator: the cookie says who it is. */
export const hutch = createClient(undefined, { token: async () => null, headers: adminHeaders })
