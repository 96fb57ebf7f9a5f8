// <CodeBlock text={curl} label="Example" copy /> for code that is read and copied; <Code> for a word of it in a sentence.
import { Check, Copy } from "lucide";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { visible } from "./text.tsx";
import { toast } from "./toast.tsx";

export function Code({ children }: { children: ComponentChildren }) {
  return <code class="inline-code">{children}</code>;
}

export function CodeBlock({ text, label, copy, wrap }: { text: string; label: string; copy?: boolean; wrap?: boolean }) {
  return (
    <div class={copy ? "code copyable" : "code"}>
      <pre class={wrap ? "wrap" : ""} role="region" aria-label={label} tabIndex={0}>
        {visible(text)}
      </pre>
      {copy && (
        <div class="copy">
          <CopyButton text={text} label={`Copy: ${label}`} />
        </div>
      )}
    </div>
  );
}

/** Whether the text is on the clipboard now; browsers allow that over https and on this machine only. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    toast("This browser does not let the page copy.", { tone: "bad" });
    return false;
  }
}

export function CopyButton({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setDone(true);
    setTimeout(setDone, 1500, false);
  };
  return <Button kind="ghost" small icon={done ? Check : Copy} label={done ? "Copied" : label} onClick={copy} />;
}
