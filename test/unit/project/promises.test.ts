/**
 * No promise floats: a statement whose value is a promise is awaited, returned, handled, or says `void`; and no
 * function that returns one is handed to somebody who expects nothing back. The linter sees most of these; the
 * compiler's own types see all.
 */
import ts from "typescript";
import { expect, it } from "vitest";
import { PROJECT_ROOT } from "../../support/project-files.ts";

/** Whether the end of a chain deals with a rejection: `.catch(f)` or `.then(f, g)`. */
function isHandled(expression: ts.Expression): boolean {
  if (!ts.isCallExpression(expression) || !ts.isPropertyAccessExpression(expression.expression)) return false;
  const method = expression.expression.name.text;
  return (
    (method === "catch" && expression.arguments.length >= 1) || (method === "then" && expression.arguments.length >= 2)
  );
}

/** `=`, and those like `??=`: the promise is kept where somebody can find it. */
function isAssignment(kind: ts.SyntaxKind): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

/** Whether a statement's value is a promise that nobody deals with. */
function floats(statement: ts.ExpressionStatement, checker: ts.TypeChecker): boolean {
  const { expression } = statement;
  const isDealtWith =
    ts.isAwaitExpression(expression) ||
    ts.isVoidExpression(expression) ||
    (ts.isBinaryExpression(expression) && isAssignment(expression.operatorToken.kind));
  if (isDealtWith || isHandled(expression)) return false;
  return isPromise(checker.getTypeAtLocation(expression));
}

/** By its name: what merely has a `then`, as Fastify's chainable answers have, rejects nothing. */
function isPromise(type: ts.Type): boolean {
  const parts = type.isUnion() ? type.types : [type];
  return parts.some((part) => part.getSymbol()?.name === "Promise");
}

/** Whether a call hands over a function whose promise nobody will look at. `finally` does look at it. */
function losesPromise(call: ts.CallExpression | ts.NewExpression, checker: ts.TypeChecker): boolean {
  if (ts.isPropertyAccessExpression(call.expression) && call.expression.name.text === "finally") return false;
  return (call.arguments ?? []).some((argument) => {
    const expected = checker.getContextualType(argument)?.getNonNullableType().getCallSignatures() ?? [];
    const isForNothing =
      expected.length > 0 && expected.every((one) => (one.getReturnType().flags & ts.TypeFlags.Void) !== 0);
    if (!isForNothing) return false;
    return checker
      .getTypeAtLocation(argument)
      .getCallSignatures()
      .some((given) => isPromise(given.getReturnType()));
  });
}

/** Every floating promise of a file, as `path:line`. */
function floatingPromises(file: ts.SourceFile, checker: ts.TypeChecker): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const isLost =
      (ts.isExpressionStatement(node) && floats(node, checker)) ||
      ((ts.isCallExpression(node) || ts.isNewExpression(node)) && losesPromise(node, checker));
    if (isLost) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push(`${file.fileName.replace(PROJECT_ROOT, "")}:${line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function checkProgram(program: ts.Program): readonly string[] {
  const checker = program.getTypeChecker();
  return program
    .getSourceFiles()
    .filter((file) => !file.isDeclarationFile)
    .flatMap((file) => floatingPromises(file, checker));
}

it("finds a promise that floats, and lets pass one that does not", { timeout: 60_000 }, () => {
  const text = [
    "declare function work(): Promise<number>;",
    "declare const maybe: { stop(): Promise<void> } | undefined;",
    "work();",
    "void work();",
    "work().then(() => {});",
    "work().then(() => {}, () => {});",
    "work().catch(() => {});",
    "maybe?.stop();",
    "export const kept = work();",
    "declare function later(action: () => void): void;",
    "later(work);",
    "later(async () => {});",
    "later(() => {});",
    "later(() => void work());",
    "void work().finally(async () => {});",
  ].join("\n");
  const host = ts.createCompilerHost({});
  const name = "sample.ts";
  const own = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, ...rest) => (path === name ? own : getSourceFile(path, ...rest));
  const program = ts.createProgram([name], { strict: true, target: ts.ScriptTarget.ES2023, types: [] }, host);
  expect(checkProgram(program)).toEqual(["sample.ts:3", "sample.ts:5", "sample.ts:8", "sample.ts:11", "sample.ts:12"]);
});

// Of the sources: to know the types of the tests as well takes as long again, and the linter looks at those too.
it("floats no promise anywhere in the sources", { timeout: 180_000 }, () => {
  const path = `${PROJECT_ROOT}tsconfig.json`;
  const { config } = ts.readConfigFile(path, ts.sys.readFile) as { config: unknown };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, PROJECT_ROOT);
  const sources = fileNames.filter((name) => name.startsWith(`${PROJECT_ROOT}src/`));
  const program = ts.createProgram(sources, options);
  expect(sources.length).toBeGreaterThan(20);
  expect(checkProgram(program)).toEqual([]);
});
