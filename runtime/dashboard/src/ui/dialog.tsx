// The browser's own <dialog>, modal: it keeps the focus inside, Escape closes it, and the focus returns to where it was when it goes.
//
//   <Dialog title="Delete it?" onClose={close} foot={<><CloseButton/><Button kind="danger">Delete</Button></>}>...</Dialog>
//
// It is open as long as it is rendered. With `onSubmit` its content is a form. `confirm` asks a question and awaits the answer.
import { X } from "lucide";
import { type ComponentChildren, render } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Button } from "./button.tsx";
import { Notice } from "./notice.tsx";
import { Progress } from "./progress.tsx";

interface Own {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
  foot?: ComponentChildren;
  onSubmit?: () => void;
  wide?: boolean;
}

export function Dialog({ title, onClose, children, foot, onSubmit, wide }: Own) {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // Open before the next key comes: it is meant for the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    box.current?.showModal();
    box.current?.querySelector<HTMLElement>("[data-first=true]")?.focus();
    // The browser gives the focus back where a dialog is closed; this one is taken away.
    return () => queueMicrotask(() => before instanceof HTMLElement && before.focus());
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "dialog wide" : "dialog"}
      aria-labelledby={heading}
      onCancel={(event) => {
        if (event.target !== box.current) return;
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => box.current && event.target === box.current && isOutside(event, box.current) && onClose()}
    >
      <form
        novalidate
        onSubmit={(event) => {
          event.preventDefault();
          onSubmit?.();
        }}
      >
        <header class="dialog-head">
          <h2 id={heading}>{title}</h2>
          <Button kind="ghost" small icon={X} label="Close" onClick={onClose} />
        </header>
        <div class="dialog-body">{children}</div>
        {foot && <footer class="dialog-foot">{foot}</footer>}
      </form>
    </dialog>
  );
}

function isOutside(event: MouseEvent, box: HTMLElement): boolean {
  const { left, right, top, bottom } = box.getBoundingClientRect();
  return event.clientX < left || event.clientX > right || event.clientY < top || event.clientY > bottom;
}

interface Question {
  title: string;
  body: ComponentChildren;
  action: string;
  danger?: boolean;
  /** What the action does; the dialog stays open while it goes on, and shows its error. */
  run?: () => Promise<void>;
}

/** Asks in a dialog: `if (await confirm({ title: "Roll back?", body: "...", action: "Roll back" })) ...` */
export function confirm(question: Question): Promise<boolean> {
  const place = document.body.appendChild(document.createElement("div"));
  return new Promise((resolve) => {
    const done = (answer: boolean) => {
      render(null, place);
      place.remove();
      resolve(answer);
    };
    render(<Confirmation {...question} done={done} />, place);
  });
}

function Confirmation({ title, body, action, danger, run, done }: Question & { done: (answer: boolean) => void }) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState("");
  const go = async () => {
    setBusy(true);
    try {
      await run?.();
      done(true);
    } catch (error) {
      setFault((error as Error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={() => done(false)}
      onSubmit={go}
      foot={
        <>
          <Button onClick={() => done(false)} data-first={danger}>
            Cancel
          </Button>
          <Button kind={danger ? "danger" : "primary"} type="submit" busy={busy} data-first={!danger}>
            {action}
          </Button>
        </>
      }
    >
      <div class="muted">{body}</div>
      {busy && <Progress label={action} />}
      {fault && <Notice tone="bad">{fault}</Notice>}
    </Dialog>
  );
}
