/** Values that are made at their first use, such as packages that most processes do not need. */

/** Returns a function that calls `make` at its first call and returns the same value at every call. */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
