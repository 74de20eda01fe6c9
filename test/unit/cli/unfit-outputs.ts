/** Outputs that have no schema, for `json-schemas.test.ts`. */
export interface UnfitOutputs {
  readonly frame: { readonly bytes: Uint8Array };
}
