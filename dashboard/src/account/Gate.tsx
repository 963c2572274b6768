import { lazy, Suspense } from 'react'
import { useLocation } from 'wouter'
import { Failed, Loading } from '../parts/states.tsx'
import { Shell } from '../layout/Shell.tsx'
import { loadTexts } from '../text.ts'
import { useSession } from './session.ts'

const SignIn = lazy(() => loadTexts().then(() => import('./SignIn.tsx')))
const Setup = lazy(() => loadTexts().then(() => import('./Setup.tsx')))

/** Lets operators in; the others see how to become one, or sign in. */
export function Gate() {
  const session = useSession()
  const [path] = useLocation()
  if (session.isPending) return <Loading />
  if (!session.data) return <main><Failed error={session.error} retry={session.refetch} /></main>
  const { operator, setup } = session.data
  if (operator && path !== '/setup') return <Shell key={operator.id} app={session.data.app ?? ''} />
  return (
    <Suspense fallback={<Loading />}>
      {path === '/setup' || setup ? <Setup state={session.data} /> : <SignIn state={session.data} />}
    </Suspense>
  )
}
