// <Button kind="primary" icon={Plus} onClick={...}>Create</Button>. With `busy` it waits and can not be pressed again; with `to`
// it is a link to a page of ours that looks like a button. An icon alone needs `label`.
import { type IconNode, LoaderCircle } from "lucide";
import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { href } from "../router.ts";
import { Icon } from "./icon.tsx";

type Kind = "plain" | "primary" | "danger" | "ghost";

interface Own {
  kind?: Kind;
  icon?: IconNode;
  small?: boolean;
  busy?: boolean;
  label?: string;
  children?: ComponentChildren;
}

function look({ kind = "plain", small, children }: Own): string {
  return ["button", kind, small && "small", !children && "icon-only"].filter(Boolean).join(" ");
}

export function Button(props: Own & Omit<ButtonHTMLAttributes<HTMLButtonElement>, "icon" | "class" | "size">) {
  const { kind, icon, small, busy = false, label, children, ...rest } = props;
  const shown = busy ? LoaderCircle : icon;
  return (
    <button type="button" {...rest} class={look(props)} aria-busy={busy || undefined} aria-label={label} title={label}>
      {shown && <Icon of={shown} size={15} class={busy ? "spin" : ""} />}
      {children}
    </button>
  );
}

export function ButtonLink(props: Own & { to: string }) {
  const { icon, label, children, to } = props;
  return (
    <a class={look(props)} href={href(to)} aria-label={label} title={label}>
      {icon && <Icon of={icon} size={15} />}
      {children}
    </a>
  );
}
