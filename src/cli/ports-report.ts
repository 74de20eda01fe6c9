/** Report of `holdfast ports`; types only. */

/** Report about one port. All keys are always present. */
export interface PortReport {
  readonly device: string;
  /** False in a container that was started without this device, so that it cannot be opened. */
  readonly hasFile: boolean;
  /** Name for the configuration. */
  readonly name: string;
  /** Name that the adapter reports; empty for a UART of the board. */
  readonly adapter: string;
  /** Links whose `path` leads to this port: none, one, or (an error) several. */
  readonly links: readonly string[];
  readonly heldBy: readonly string[];
  /** Devices of other adapters with the same USB ids and serial number. */
  readonly twins: readonly string[];
}

export interface PortsReport {
  readonly ports: readonly PortReport[];
  /** Links whose port is not plugged in or is ambiguous. */
  readonly missing: readonly { readonly link: string; readonly path: string; readonly why: string }[];
  /** Sentences about what cannot be seen from here, e.g. in a container. */
  readonly hidden: readonly string[];
}
