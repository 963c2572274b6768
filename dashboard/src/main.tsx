import '@mantine/core/styles.css'
import '@mantine/notifications/styles.css'
import '@mantine/spotlight/styles.css'
import './main.css'
import { createRoot } from 'react-dom/client'
import { App } from './App.tsx'
import { watchNavigation } from './parts/unsaved.ts'
import { loadTexts } from './text.ts'

await loadTexts(undefined, 'frame')
watchNavigation()
createRoot(document.getElementById('root') as HTMLElement).render(<App />)
