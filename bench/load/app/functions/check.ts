export default ({ after }) => ({ ...after, title: after.title.trim(), checked: true })
