import { lazy, Suspense } from 'react'
import { useLocation } from 'wouter'
import { Failed, Loading } from '../parts/states.tsx'
import { Shell } from '../layout/Shell.tsx'
import { useSession } from './session.ts'

const SignIn = lazy(() => import('./SignIn.tsx'))
const Setup = lazy(() => import('./Setup.tsx'))

/** Lets operators in; the others see how to become one, or sign in. */
export function Gate() {
  const session = useSession()
  const [path] = useLocation()
  if (session.isPending) return <Loading />
  if (!session.data) return <main><Failed error={session.error} retry={session.refetch} /></main>
  const { operator, setup } = session.data
  if (operator && path !== '/setup') return <Shell app={session.data.app ?? ''} />
  return (
    <Suspense fallback={<Loading />}>
      {path === '/setup' || setup ? <Setup state={session.data} /> : <SignIn state={session.data} />}
    </Suspense>
  )
}
