// What a script exports, given its extensibility point's type, so that parameters are known though nobody wrote their types.
//
// The compiler looks at a text that has little more than what is on the screen: an expression `f` that is exported becomes
// `/** @satisfies {T} */(f)`, or in TypeScript `(f) satisfies T`. Whoever wrote types of their own keeps them. Pure.
import ts from "typescript";
import type { TriggerId } from "../../../api.ts";

/** Text that only the compiler sees, before the character `at` of the script. In order. */
export interface Insertion {
  at: number;
  text: string;
}

const FUNCTIONS: Record<TriggerId, string> = {
  "credentials-exchange": "CredentialsExchange",
  "password-exchange": "PasswordExchange",
  "pre-user-registration": "PreUserRegistration",
  "post-user-registration": "PostUserRegistration",
  "post-change-password": "PostChangePassword",
  "send-phone-message": "SendPhoneMessage",
};

/** `onExecutePostLogin`, and its type `OnExecutePostLogin`. */
export function actionOf(trigger: TriggerId): { name: string; type: string } {
  const words = trigger === "password-exchange" ? "PostLogin" : FUNCTIONS[trigger];
  return { name: `onExecute${words}`, type: `OnExecute${words}` };
}

const OWN_TYPES = new Set(["type", "satisfies", "param", "returns", "return", "template", "callback"]);

export function annotate(source: ts.SourceFile, isTypeScript: boolean, trigger: TriggerId): Insertion[] {
  const found: Insertion[] = [];
  const action = actionOf(trigger);
  const hook = `import("./hookd").${FUNCTIONS[trigger]}`;
  const doing = `import("./hookd").${action.type}`;
  const exported = `{ ${action.name}?: ${doing}; [member: string]: any }`;

  const wrap = (expression: ts.Expression, type: string) => {
    const from = expression.getStart(source);
    found.push({ at: from, text: isTypeScript ? "(" : `/** @satisfies {${type}} */(` });
    if (type === hook && isFunction(expression)) returns(expression);
    found.push({ at: expression.end, text: isTypeScript ? `) satisfies ${type}` : ")" });
  };
  // What an inferred type has too much is not found; what a return type does not have, is.
  const returns = (node: Func) => {
    if (node.type || node.asteriskToken) return;
    const isAsync = node.modifiers?.some((one) => one.kind === ts.SyntaxKind.AsyncKeyword);
    const type = isAsync ? `Promise<Awaited<ReturnType<${hook}>>>` : `ReturnType<${hook}>`;
    if (!isTypeScript) return found.push({ at: node.getStart(source), text: `/** @returns {${type}} */ ` });
    const before = ts.isArrowFunction(node) ? node.equalsGreaterThanToken : node.body;
    const at = source.text.slice(0, before.getStart(source)).trimEnd().length;
    if (source.text[at - 1] === ")") found.push({ at, text: `: ${type}` });
  };
  const declare = (node: ts.Node, type: string) => {
    if (!isTypeScript) found.push({ at: node.getStart(source), text: `/** @type {${type}} */ ` });
  };
  const value = (node: ts.Expression, type: string) => {
    if (isFunction(node)) {
      if (!hasTypes(node)) wrap(node, type);
      else if (type === hook) returns(node);
    } else if (ts.isIdentifier(node)) {
      named(source, node.text, (one) => (ts.isFunctionDeclaration(one) ? declare(one, type) : wrap(one, type)));
    } else if (type === hook && ts.isObjectLiteralExpression(node)) {
      wrap(node, exported);
    }
  };

  for (const statement of source.statements) {
    if (statementHasTypes(statement)) continue;
    const assigned = ts.isExpressionStatement(statement) && assignment(statement.expression);
    if (assigned) {
      if (assigned.name === "") value(assigned.right, hook);
      else if (assigned.name === action.name) value(assigned.right, doing);
    } else if (ts.isExportAssignment(statement)) {
      value(statement.expression, hook);
    } else if (ts.isVariableStatement(statement) && isExported(statement)) {
      for (const one of statement.declarationList.declarations) {
        if (one.name.getText(source) === action.name && one.initializer && !one.type) value(one.initializer, doing);
      }
    } else if (ts.isFunctionDeclaration(statement) && isExported(statement)) {
      const isDefault = statement.modifiers?.some((one) => one.kind === ts.SyntaxKind.DefaultKeyword);
      if (isDefault) declare(statement, hook);
      else if (statement.name?.text === action.name) declare(statement, doing);
    }
  }
  return found.sort((one, other) => one.at - other.at);
}

type Func = ts.ArrowFunction | ts.FunctionExpression;

function isFunction(node: ts.Node): node is Func {
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node);
}

function hasTypes(node: Func): boolean {
  return node.parameters.some((one) => one.type);
}

function statementHasTypes(statement: ts.Statement): boolean {
  return ts.getJSDocTags(statement).some((tag) => OWN_TYPES.has(tag.tagName.text));
}

function isExported(statement: ts.HasModifiers): boolean {
  return statement.modifiers?.some((one) => one.kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

/** `module.exports = right` has the name "", `exports.name = right` and `module.exports.name = right` have that name. */
function assignment(node: ts.Expression): { name: string; right: ts.Expression } | null {
  if (!ts.isBinaryExpression(node) || node.operatorToken.kind !== ts.SyntaxKind.EqualsToken) return null;
  const { left, right } = node;
  if (isModuleExports(left)) return { name: "", right };
  if (!ts.isPropertyAccessExpression(left)) return null;
  const isExports = ts.isIdentifier(left.expression) && left.expression.text === "exports";
  return isExports || isModuleExports(left.expression) ? { name: left.name.text, right } : null;
}

function isModuleExports(node: ts.Expression): boolean {
  return ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === "module" && node.name.text === "exports";
}

/** The function that a name of the file's own stands for. */
function named(source: ts.SourceFile, name: string, found: (node: ts.FunctionDeclaration | Func) => void): void {
  for (const statement of source.statements) {
    if (statementHasTypes(statement)) continue;
    if (ts.isFunctionDeclaration(statement) && statement.name?.text === name && !statement.parameters.some((one) => one.type)) found(statement);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: own, initializer, type } of statement.declarationList.declarations) {
      if (ts.isIdentifier(own) && own.text === name && !type && initializer && isFunction(initializer) && !hasTypes(initializer)) found(initializer);
    }
  }
}
