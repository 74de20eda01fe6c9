/**
 * JSON Schema 2020-12 of TypeScript types, as the compiler resolves them. A type that JSON cannot carry is an error with
 * the place of the type.
 */
import { Project, ts } from 'ts-morph';

export type JsonSchema = Readonly<Record<string, unknown>>;

const COMPILER_OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ESNext,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.esnext.d.ts'],
  types: ['node'],
  strict: true,
  allowImportingTsExtensions: true,
  skipLibCheck: true,
  noEmit: true,
};

/** Schemas of the properties of one interface, by name, each with its own `$defs`. Each property is an object type. */
export function propertySchemas(path: string, interfaceName: string): ReadonlyMap<string, JsonSchema> {
  const project = new Project({ compilerOptions: COMPILER_OPTIONS });
  const declared = project.addSourceFileAtPath(path).getInterfaceOrThrow(interfaceName);
  const checker = project.getTypeChecker().compilerObject;
  return new Map(
    declared
      .getType()
      .compilerType.getProperties()
      .map((property) => {
        const description = new TypeDescription(checker);
        const schema = description.schemaOf(checker.getTypeOfSymbol(property), property.name);
        return [property.name, description.withDefinitions(schema)];
      }),
  );
}

/** Description of one type and of the named types below it. */
class TypeDescription {
  readonly #checker: ts.TypeChecker;
  readonly #names = new Map<ts.Type, string>();
  readonly #definitions = new Map<string, JsonSchema>();

  constructor(checker: ts.TypeChecker) {
    this.#checker = checker;
  }

  withDefinitions(schema: JsonSchema): JsonSchema {
    return this.#definitions.size === 0 ? schema : { ...schema, $defs: Object.fromEntries(this.#definitions) };
  }

  /** @param place path of keys, for errors */
  schemaOf(type: ts.Type, place: string, isRoot = true): JsonSchema {
    const { flags } = type;
    if (flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return {};
    if (flags & ts.TypeFlags.Null) return { type: 'null' };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value };
    if (flags & ts.TypeFlags.BooleanLiteral) return { const: this.#checker.typeToString(type) === 'true' };
    if (flags & ts.TypeFlags.StringLike) return { type: 'string' };
    if (flags & ts.TypeFlags.NumberLike) return { type: 'number' };
    if (flags & ts.TypeFlags.Boolean) return { type: 'boolean' };
    if (type.isUnion()) return this.#union(type, place, isRoot);
    if (flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) return this.#object(type, place, isRoot);
    throw this.#unfit(type, place);
  }

  /** Words and types are sorted, because the order of the compiler depends on other files. */
  #union(type: ts.UnionType, place: string, isRoot: boolean): JsonSchema {
    const members = type.types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined));
    const words = members.flatMap((one) => (one.isStringLiteral() || one.isNumberLiteral() ? [one.value] : []));
    const flags = members.filter((one) => one.flags & ts.TypeFlags.BooleanLiteral);
    const others = members.filter((one) => !(one.isStringLiteral() || one.isNumberLiteral() || flags.includes(one)));
    const parts = [
      ...(words.length === 0 ? [] : [words.length === 1 ? { const: words[0] } : { enum: words.sort() }]),
      ...(flags.length === 2 ? [{ type: 'boolean' }] : flags.map((one) => this.schemaOf(one, place, false))),
      ...others.map((one) => this.schemaOf(one, place, isRoot)).sort(byText),
    ];
    const [first = {}] = parts;
    if (parts.length === 1) return first;
    const types = parts.map((part) => (Object.keys(part).join() === 'type' ? part.type : undefined));
    return types.includes(undefined) ? { anyOf: parts } : { type: types.sort() };
  }

  #object(type: ts.Type, place: string, isRoot: boolean): JsonSchema {
    const name = isRoot ? undefined : nameOf(type);
    if (name === undefined) return this.#shape(type, place);
    const known = this.#names.get(type);
    if (known !== undefined) return { $ref: `#/$defs/${known}` };
    const used = new Set(this.#names.values());
    const own = [name, ...Array.from({ length: used.size }, (_, index) => `${name}${index + 2}`)].find(
      (each) => !used.has(each),
    );
    if (own === undefined) throw new Error(`no free name for ${name}`);
    this.#names.set(type, own);
    this.#definitions.set(own, {}); // its place among the definitions, also if the type contains itself
    this.#definitions.set(own, {
      ...docOf(type.aliasSymbol ?? type.symbol, this.#checker),
      ...this.#shape(type, place),
    });
    return { $ref: `#/$defs/${own}` };
  }

  #shape(type: ts.Type, place: string): JsonSchema {
    const checker = this.#checker;
    if (checker.isTupleType(type)) {
      const items = checker.getTypeArguments(type as ts.TypeReference);
      const prefixItems = items.map((one, index) => this.schemaOf(one, `${place}[${index}]`, false));
      return { type: 'array', prefixItems, items: false, minItems: items.length };
    }
    if (checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(type as ts.TypeReference);
      return { type: 'array', items: item === undefined ? {} : this.schemaOf(item, `${place}[]`, false) };
    }
    if (type.getCallSignatures().length > 0 || isOfLibrary(type)) throw this.#unfit(type, place);
    const values = type.getStringIndexType();
    const properties = propertiesOf(type).map((property) => [property.name, this.#property(property, place)] as const);
    const required = properties.filter(([, { isOptional }]) => !isOptional).map(([name]) => name);
    return {
      type: 'object',
      ...(properties.length === 0
        ? {}
        : { properties: Object.fromEntries(properties.map(([name, { schema }]) => [name, schema])) }),
      ...(required.length === 0 ? {} : { required }),
      ...(values === undefined ? {} : { additionalProperties: this.schemaOf(values, `${place}.*`, false) }),
    };
  }

  #property(symbol: ts.Symbol, place: string): { readonly schema: JsonSchema; readonly isOptional: boolean } {
    const type = this.#checker.getTypeOfSymbol(symbol);
    const mayBeAbsent = type.isUnion() && type.types.some(({ flags }) => flags & ts.TypeFlags.Undefined);
    return {
      schema: { ...docOf(symbol, this.#checker), ...this.schemaOf(type, `${place}.${symbol.name}`, false) },
      isOptional: mayBeAbsent || (symbol.flags & ts.SymbolFlags.Optional) !== 0,
    };
  }

  #unfit(type: ts.Type, place: string): Error {
    return new Error(`${place} has the type ${this.#checker.typeToString(type)}, which JSON cannot carry`);
  }
}

/** Properties as they are declared; sorted for a mapped type, because the order of the compiler depends on other files. */
function propertiesOf(type: ts.Type): readonly ts.Symbol[] {
  const parts = type.isIntersection() ? type.types : [type];
  const isMapped = parts.some((part) => ((part as ts.ObjectType).objectFlags & ts.ObjectFlags.Mapped) !== 0);
  const properties = type.getProperties();
  return isMapped ? properties.toSorted((one, other) => (one.name < other.name ? -1 : 1)) : properties;
}

/** Name of an interface or alias of this project without type arguments; others are described where they stand. */
function nameOf(type: ts.Type): string | undefined {
  const symbol = type.aliasSymbol ?? type.symbol;
  if (symbol === undefined || symbol.name.startsWith('__') || (type.aliasTypeArguments?.length ?? 0) > 0)
    return undefined;
  const hasArguments = ((type as ts.TypeReference).typeArguments?.length ?? 0) > 0;
  return hasArguments || isOfLibrary(type) ? undefined : symbol.name;
}

/** True for a class or interface of the language or of a package, for example `Uint8Array`. */
function isOfLibrary(type: ts.Type): boolean {
  if (type.aliasSymbol !== undefined || type.isIntersection()) return false;
  const [declaration] = type.symbol?.declarations ?? [];
  return (
    declaration !== undefined &&
    (ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration)) &&
    declaration.getSourceFile().fileName.includes('node_modules')
  );
}

/** `null` is last. */
function byText(one: JsonSchema, other: JsonSchema): number {
  const [text, otherText] = [one, other].map((each) => (each.type === 'null' ? '~' : JSON.stringify(each))) as [
    string,
    string,
  ];
  return text < otherText ? -1 : 1;
}

function docOf(symbol: ts.Symbol | undefined, checker: ts.TypeChecker): { readonly description?: string } {
  const description = ts.displayPartsToString(symbol?.getDocumentationComment(checker)).replaceAll(/\s+/g, ' ').trim();
  return description === '' ? {} : { description };
}
