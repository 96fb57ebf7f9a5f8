// Who one is here, how the pages look, and what the server's configuration says.
import { LogOut } from "lucide";
import type { ComponentChildren } from "preact";
import { server, type ServerSettings, session } from "../api.ts";
import { bytes, count, moment, ms } from "../format.ts";
import { useLoad } from "../load.ts";
import { logOut } from "../logout.ts";
import { href } from "../router.ts";
import { ThemeChoice } from "../themechoice.tsx";
import { Badge, Button, Code, Show, Skeleton, Time } from "../ui/index.ts";
import { PageHead } from "./head.tsx";

export function Settings() {
  const loaded = useLoad(server.settings, []);
  return (
    <div class="page narrow-page">
      <PageHead title="Settings">What is yours you can change here; the rest stands in the server's configuration.</PageHead>
      <div class="settings">
        <You />
        <Show of={loaded} wait={<div class="card"><Skeleton rows={6} /></div>}>
          {(settings) => <Server settings={settings} />}
        </Show>
      </div>
    </div>
  );
}

function You() {
  const { tenant, subject, scopes, expires_at } = session.value!;
  return (
    <>
      <Group title="You">
        <Row name="Tenant">{tenant}</Row>
        {subject && <Row name="Logged in as">{subject}</Row>}
        <Row name="Scopes" about="What your token lets you do here.">
          <Scopes scopes={scopes} />
        </Row>
        <Row name="Session" about="It ends with its token.">
          <span>
            Ends <Time at={expires_at} />, {moment(expires_at)}
          </span>
          <Button small icon={LogOut} onClick={logOut}>
            Log out
          </Button>
        </Row>
      </Group>
      <Group title="Appearance">
        <Row name="Theme" about="Kept in this browser; Auto is what your system has.">
          <ThemeChoice />
        </Row>
      </Group>
    </>
  );
}

function Scopes({ scopes }: { scopes: string[] }) {
  const used = scopes.filter((scope) => /:(hooks|logs)$/.test(scope));
  const others = scopes.filter((scope) => !used.includes(scope));
  return (
    <div class="scopes">
      {used.map((scope) => (
        <Badge key={scope}>
          <span class="mono">{scope}</span>
        </Badge>
      ))}
      {others.length > 0 && (
        <span class="faint" title={others.join(", ")}>
          and {others.length} that nothing here asks for
        </span>
      )}
    </div>
  );
}

function Server({ settings }: { settings: ServerSettings }) {
  const { limits, retention, modules, network, engines, engine } = settings;
  return (
    <>
      <Group title="Limits of one execution" about="A hook that goes over one fails, and its record says which.">
        <Row name="CPU time" about="Waiting does not count." setting="limits.cpu_ms">
          {ms(limits.cpu_ms)}
        </Row>
        <Row name="Time to answer" about="Waiting counts." setting="limits.wall_ms">
          {ms(limits.wall_ms)}
        </Row>
        <Row name="Memory" setting="limits.memory_bytes">
          {bytes(limits.memory_bytes)}
        </Row>
        <Row name="Answer" setting="limits.output_bytes">
          {bytes(limits.output_bytes)}
        </Row>
        <Row name="Console" about="What is more is cut." setting="limits.console_lines">
          {count(limits.console_lines, "line")}, {bytes(limits.console_bytes)}
        </Row>
        <Row name="Operations" about="Requests, timers, storage." setting="limits.operations">
          {count(limits.operations, "operation")}, {bytes(limits.operation_bytes)} sent
        </Row>
      </Group>
      <Group title="Engines">
        {engines.map((name) => (
          <Row key={name} name={name === "wasm" ? "WebAssembly" : "Node"} about={name === "wasm" ? "QuickJS in a sandbox of its own for each request." : "Real Node, in a jailed process for each request."}>
            {name === engine ? <Badge tone="accent">For hooks that name none</Badge> : <Badge>For hooks that ask for it</Badge>}
          </Row>
        ))}
        {engines.length === 1 && (
          <Row name="Node" about="Real Node, in a jailed process for each request.">
            <span class="muted">
              Off; <Code>[node] enabled</Code>
            </span>
          </Row>
        )}
      </Group>
      <Group title="What is kept">
        <Row name="Executions" setting="storage.executions_days">
          {count(retention.executions_days, "day")}, {count(retention.executions_most, "record")} at most
        </Row>
        <Row name="Requests" about="They make test runs of what really happened." setting="log.requests">
          {retention.requests ? "Kept, less passwords and tokens" : "Not kept"}
        </Row>
        <Row name="Hooks" setting="storage.hooks_most">
          {count(retention.hooks_most, "hook")} at most, {count(retention.versions_most, "version")} of each
        </Row>
      </Group>
      <Group title="npm modules and network">
        <Row name="Modules of one hook" setting="bundle.bytes">
          {bytes(modules.bytes)} joined, {count(modules.packages, "package")} at most
        </Row>
        <Row name="Requests of hooks" setting="network.enabled">
          {network.enabled ? `${ms(network.timeout_ms)}, ${bytes(network.response_bytes)} of a response, ${count(network.redirects, "redirect")}` : "Off"}
        </Row>
      </Group>
      <p class="faint version">
        hookd {settings.version} ·{" "}
        <a href={href("/licences.txt")} target="_blank" rel="noreferrer">
          Licences of others' work in these pages
        </a>
      </p>
    </>
  );
}

function Group({ title, about, children }: { title: string; about?: string; children: ComponentChildren }) {
  return (
    <section class="group">
      <h2>{title}</h2>
      {about && <p class="muted">{about}</p>}
      <dl class="card group-rows">{children}</dl>
    </section>
  );
}

function Row({ name, about, setting, children }: { name: string; about?: string; setting?: string; children: ComponentChildren }) {
  return (
    <div class="setting">
      <dt>
        {name}
        {about && <span class="setting-about muted">{about}</span>}
      </dt>
      <dd>
        <div class="setting-value num">{children}</div>
        {setting && <span class="setting-name mono faint">{setting}</span>}
      </dd>
    </div>
  );
}
