// What build.mjs makes beside the files here.
declare module "hookd:templates" {
  interface Template {
    name: string;
    trigger: import("./api.ts").TriggerId;
    about: string;
    script: string;
    secrets: string[];
  }
  const templates: Template[];
  export default templates;
}

declare module "hookd:types" {
  const text: string;
  export default text;
}

declare module "hookd:libraries" {
  const files: Record<string, string>;
  export default files;
}

declare module "*.worker.ts?worker" {
  const url: string;
  export default url;
}

declare module "*.css";
