import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const both = (light: string, dark: string) => `light-dark(${light}, ${dark})`

/** The dashboard's colors; all of them are readable on both backgrounds. */
export const look = [
  EditorView.theme({
    '&': { fontSize: '13px', backgroundColor: 'var(--mantine-color-body)', color: 'var(--mantine-color-text)', border: '1px solid var(--mantine-color-default-border)', borderRadius: 'var(--mantine-radius-sm)' },
    '&.cm-focused': { outline: '2px solid var(--mantine-primary-color-filled)', outlineOffset: '-1px' },
    '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.55' },
    '.cm-gutters': { backgroundColor: both('#f8f9fa', '#242424'), color: both('#5c656d', '#a6a6a6'), border: 'none', borderRadius: '4px 0 0 4px' },
    '.cm-activeLine': { backgroundColor: both('#f1f3f566', '#ffffff0a') },
    '.cm-activeLineGutter': { backgroundColor: both('#e9ecef', '#2e2e2e') },
    '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
    '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: both('#cdeae7', '#034845') },
    '.cm-tooltip': { backgroundColor: 'var(--mantine-color-body)', color: 'var(--mantine-color-text)', border: '1px solid var(--mantine-color-default-border)', borderRadius: '4px' },
    '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--mantine-primary-color-filled)', color: '#fff' },
    '.cm-panels': { backgroundColor: both('#f8f9fa', '#242424'), color: 'var(--mantine-color-text)' },
  }),
  syntaxHighlighting(HighlightStyle.define([
    { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: both('#0b6bcb', '#7cc4ff') },
    { tag: [tags.string, tags.special(tags.string), tags.regexp], color: both('#2b6e2f', '#9fd8a4') },
    { tag: [tags.number, tags.bool, tags.null, tags.atom], color: both('#a1440d', '#ffb787') },
    { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: both('#8b2fb8', '#d9a8f5') },
    { tag: [tags.typeName, tags.className], color: both('#0b6f6a', '#6fd6cd') },
    { tag: [tags.function(tags.variableName), tags.function(tags.propertyName)], color: both('#5b4a00', '#e8d27a') },
    { tag: [tags.comment, tags.meta], color: both('#5f6b76', '#a0a8b0'), fontStyle: 'italic' },
    { tag: tags.invalid, color: both('#c92a2a', '#ff8787') },
  ])),
]
