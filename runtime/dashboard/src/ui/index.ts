// What pages are made of. Each file begins with how its parts are used.
export { Badge, OutcomeBadge, outcomeOf, type Outcome, type Tone } from "./badge.tsx";
export { Button, ButtonLink } from "./button.tsx";
export { Choices } from "./choices.tsx";
export { Code, CodeBlock, CopyButton, copyText } from "./code.tsx";
export { confirm, Dialog } from "./dialog.tsx";
export { Field, Segments } from "./field.tsx";
export { Icon, Mark } from "./icon.tsx";
export { Menu, MenuItem } from "./menu.tsx";
export { Notice } from "./notice.tsx";
export { Progress } from "./progress.tsx";
export { EmptyState, ErrorState, Show, Skeleton } from "./states.tsx";
export { Switch } from "./switch.tsx";
export { Table } from "./table.tsx";
export { Tabs, type Tab } from "./tabs.tsx";
export { Text, visible } from "./text.tsx";
export { Time } from "./time.tsx";
export { complain, toast, Toasts } from "./toast.tsx";
