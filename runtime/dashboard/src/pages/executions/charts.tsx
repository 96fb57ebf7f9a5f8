// How executions ended and how long they took, over time. Drawn as SVG; the same numbers stand in a table for whoever sees no
// picture, and beside the title for the step that is pointed at or chosen with the arrow keys.
import { type ComponentChildren, Fragment } from "preact";
import { useState } from "preact/hooks";
import type { Counted, Summary } from "../../api.ts";
import { count, ms } from "../../format.ts";
import { Table } from "../../ui/index.ts";

const WIDTH = 600;
const HEIGHT = 132;
const PARTS = [
  { name: "Allowed", className: "fill-ok", of: (row: Counted) => row.executions - row.denied - (row.failed - overlap(row)) },
  { name: "Denied", className: "fill-warn", of: (row: Counted) => row.denied - overlap(row) },
  { name: "Failed", className: "fill-bad", of: (row: Counted) => row.failed },
];
const LINES = [
  { name: "p50", className: "line-1" },
  { name: "p90", className: "line-2" },
  { name: "p99", className: "line-3" },
] as const;

/** Failures that denied count in both; shown they are as failures. */
function overlap({ denied, failed }: Counted): number {
  return Math.min(denied, failed);
}

export function Charts({ summary }: { summary: Summary }) {
  return (
    <div class="charts">
      <Outcomes summary={summary} />
      <Durations summary={summary} />
    </div>
  );
}

function Outcomes({ summary }: { summary: Summary }) {
  const [at, setAt] = useState<number | null>(null);
  const shown = at === null ? summary : summary.steps[at]!;
  const top = nice(Math.max(1, ...summary.steps.map((step) => step.executions)));
  const slot = WIDTH / summary.steps.length;
  return (
    <Frame title="Executions" value={count(shown.executions, "run")} summary={summary} at={at} onPoint={setAt} top={top.toLocaleString("en")} label={`Executions by outcome: ${PARTS.map((part) => `${part.of(summary)} ${part.name.toLowerCase()}`).join(", ")}`} legend={PARTS.map((part) => ({ ...part, value: part.of(shown).toLocaleString("en") }))}>
      {summary.steps.map((step, index) => {
        let base = HEIGHT;
        return (
          <g key={step.at} class={at !== null && at !== index ? "dim" : ""}>
            {PARTS.map((part) => {
              const height = (part.of(step) / top) * HEIGHT;
              base -= height;
              return height > 0 && <rect key={part.name} class={part.className} x={index * slot + slot * 0.14} y={base} width={slot * 0.72} height={height} />;
            })}
          </g>
        );
      })}
    </Frame>
  );
}

function Durations({ summary }: { summary: Summary }) {
  const [at, setAt] = useState<number | null>(null);
  const shown = (at === null ? summary : summary.steps[at]!).duration_ms;
  const top = nice(Math.max(0.1, ...summary.steps.map((step) => step.duration_ms.p99 ?? 0)));
  const slot = WIDTH / summary.steps.length;
  const text = (value: number | null) => (value === null ? "–" : ms(value));
  return (
    <Frame title="Duration" value={text(shown.p50)} summary={summary} at={at} onPoint={setAt} top={ms(top)} label={`Duration: ${LINES.map(({ name }) => `${name} ${text(summary.duration_ms[name])}`).join(", ")}`} legend={LINES.map((line) => ({ ...line, value: text(shown[line.name]) }))}>
      {LINES.map(({ name, className }) => (
        <Fragment key={name}>
          {runs(summary.steps.map((step) => step.duration_ms[name])).map((run) => {
            const points = run.map(([index, value]) => `${((index + 0.5) * slot).toFixed(1)},${(HEIGHT - (value / top) * HEIGHT).toFixed(1)}`);
            const [x, y] = points[0]!.split(",");
            return points.length > 1 ? <polyline key={x} class={`line ${className}`} points={points.join(" ")} /> : <line key={x} class={`line dot ${className}`} x1={x} x2={x} y1={y} y2={y} />;
          })}
        </Fragment>
      ))}
    </Frame>
  );
}

interface FrameProps {
  title: string;
  value: string;
  label: string;
  legend: { name: string; className: string; value: string }[];
  summary: Summary;
  top: string;
  at: number | null;
  onPoint: (at: number | null) => void;
  children: ComponentChildren;
}

function Frame({ title, value, label, legend, summary, top, at, onPoint, children }: FrameProps) {
  const { steps } = summary;
  const slot = WIDTH / steps.length;
  const point = (event: PointerEvent) => {
    const { left, width } = (event.currentTarget as Element).getBoundingClientRect();
    onPoint(Math.max(0, Math.min(steps.length - 1, Math.floor(((event.clientX - left) / width) * steps.length))));
  };
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    onPoint(Math.max(0, Math.min(steps.length - 1, (at ?? (step > 0 ? -1 : steps.length)) + step)));
  };
  return (
    <section class="card chart" aria-label={title}>
      <header class="chart-head">
        <div>
          <h2>{title}</h2>
          <div class="chart-value num">{value}</div>
        </div>
        <ul class="legend num">
          {legend.map((row) => (
            <li key={row.name}>
              <span class={`swatch ${row.className}`} aria-hidden="true" />
              <span class="muted">{row.name}</span> {row.value}
            </li>
          ))}
        </ul>
      </header>
      <div class="plot">
        <span class="axis num">{top}</span>
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label} tabIndex={0} onPointerMove={point} onPointerLeave={() => onPoint(null)} onKeyDown={move} onBlur={() => onPoint(null)}>
          {[0, 0.5, 1].map((part) => (
            <line key={part} class="grid-line" x1={0} x2={WIDTH} y1={part * HEIGHT} y2={part * HEIGHT} />
          ))}
          {at !== null && <rect class="pointed" x={at * slot} y={0} width={slot} height={HEIGHT} />}
          {children}
        </svg>
      </div>
      <footer class="chart-foot num faint">
        <span>{stamp(summary.since, summary)}</span>
        <span class="chart-at" aria-live="polite">
          {at !== null && `${stamp(steps[at]!.at, summary)} – ${stamp(steps[at + 1]?.at ?? summary.until, summary)}`}
        </span>
        <span>now</span>
      </footer>
      <details class="chart-table">
        <summary>As a table</summary>
        <Numbers summary={summary} />
      </details>
    </section>
  );
}

function Numbers({ summary }: { summary: Summary }) {
  return (
    <Table label="The numbers of the chart" head={["From", ...PARTS.map((part) => ({ text: part.name, right: true })), ...LINES.map((line) => ({ text: line.name, right: true }))]}>
      {summary.steps
        .filter((step) => step.executions)
        .map((step) => (
          <tr key={step.at}>
            <td class="num">{stamp(step.at, summary)}</td>
            {PARTS.map((part) => (
              <td key={part.name} class="right num">
                {part.of(step)}
              </td>
            ))}
            {LINES.map(({ name }) => (
              <td key={name} class="right num">
                {step.duration_ms[name] === null ? "–" : ms(step.duration_ms[name])}
              </td>
            ))}
          </tr>
        ))}
    </Table>
  );
}

/** The next round number: 1, 2 or 5 times a power of ten. */
function nice(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  const found = [1, 2, 5, 10].find((step) => step * power >= value * 0.999) ?? 10;
  return found * power;
}

/** What follows on one another without a gap. */
function runs(values: (number | null)[]): [number, number][][] {
  const found: [number, number][][] = [];
  let before = -2;
  values.forEach((value, index) => {
    if (value === null) return;
    if (before === index - 1) found.at(-1)!.push([index, value]);
    else found.push([[index, value]]);
    before = index;
  });
  return found;
}

const hour = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

function stamp(at: string, { since, until }: Summary): string {
  const isLong = Date.parse(until) - Date.parse(since) > 86_400_000 * 0.9;
  return (isLong ? day : hour).format(new Date(at));
}
