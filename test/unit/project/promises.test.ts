/**
 * No promise floats: a statement whose value is a promise is awaited, returned, handled, or says `void`. The linter
 * sees most of them; the compiler's own types see all.
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
  const type = checker.getTypeAtLocation(expression);
  const parts = type.isUnion() ? type.types : [type];
  // By its name: what merely has a `then`, as Fastify's chainable answers have, rejects nothing.
  return parts.some((part) => part.getSymbol()?.name === "Promise");
}

/** Every floating promise of a file, as `path:line`. */
function floatingPromises(file: ts.SourceFile, checker: ts.TypeChecker): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isExpressionStatement(node) && floats(node, checker)) {
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

it("finds a promise that floats, and lets pass one that does not", () => {
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
  ].join("\n");
  const host = ts.createCompilerHost({});
  const name = "sample.ts";
  const own = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
  const getSourceFile = host.getSourceFile.bind(host);
  host.getSourceFile = (path, ...rest) => (path === name ? own : getSourceFile(path, ...rest));
  const program = ts.createProgram([name], { strict: true, target: ts.ScriptTarget.ES2023, types: [] }, host);
  expect(checkProgram(program)).toEqual(["sample.ts:3", "sample.ts:5", "sample.ts:8"]);
});

it("floats no promise anywhere in the project", { timeout: 90_000 }, () => {
  const path = `${PROJECT_ROOT}tsconfig.json`;
  const { config } = ts.readConfigFile(path, ts.sys.readFile) as { config: unknown };
  const { fileNames, options } = ts.parseJsonConfigFileContent(config, ts.sys, PROJECT_ROOT);
  const program = ts.createProgram(fileNames, options);
  expect(fileNames.length).toBeGreaterThan(20);
  expect(checkProgram(program)).toEqual([]);
});
