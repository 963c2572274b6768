import { Component, lazy, Suspense, type ComponentType, type ReactNode } from 'react'
import { Button } from '@mantine/core'
import { IconMapQuestion } from '@tabler/icons-react'
import { Link, Redirect, Route, Switch, useLocation } from 'wouter'
import { pages, type PageRow } from '../pages.ts'
import { Empty, Failed, Loading } from '../parts/states.tsx'
import { loadTexts, t, type Part } from '../text.ts'

const withTexts = (load: PageRow['load'], upTo: Part = 'rest') => lazy(async () => {
  const [page] = await Promise.all([load(), loadTexts(undefined, upTo)])
  return page
})
const rows: { path: string; Page: ComponentType }[] = [
  ...pages.map(p => ({ path: p.path, Page: withTexts(p.load, p === pages[0] ? 'first' : 'rest') as ComponentType })),
  { path: '/account', Page: withTexts(() => import('../account/index.tsx')) },
]

/** The page of the URL; what follows a page's path is the page's own. */
export function Routes() {
  const [path] = useLocation()
  return (
    <Boundary key={path.split('/')[1] ?? ''}>
      <Suspense fallback={<Loading />}>
        <Switch>
          <Route path="/"><Redirect to={pages[0]?.path ?? '/account'} replace /></Route>
          {rows.map(({ path, Page }) => <Route key={path} path={path + '/*?'}><Page /></Route>)}
          <Route>
            <Empty title="state.noPage" icon={IconMapQuestion} about={t('state.noPageAbout')} action={<Button component={Link} href="/" variant="default" size="xs">{t('state.home')}</Button>} />
          </Route>
        </Switch>
      </Suspense>
    </Boundary>
  )
}

/** A page that throws, or whose code cannot be loaded, leaves the menu as it is. */
class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: undefined }
  static getDerivedStateFromError(error: unknown) {
    return { error }
  }
  override render() {
    if (this.state.error === undefined) return this.props.children
    return <Failed error={this.state.error} retry={() => location.reload()} />
  }
}
