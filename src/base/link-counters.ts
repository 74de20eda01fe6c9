/** Counters of one line for the technician. The driver counts from the start of the process; the counters only grow. */
export interface LinkCounters {
  readonly openings: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Damage on the line: wrong checksums, and bytes that are noise. */
  readonly crcErrors: number;
  readonly oversizeFrames: number;
  /** Undamaged but unusable: not a packet, or a line that does not match the configuration. */
  readonly malformedPackets: number;
  readonly unexpectedPackets: number;
  /**
   * Uplinks not taken into custody. The subdevice is informed if the protocol allows it. An uplink that the subdevice
   * does not repeat is lost.
   */
  readonly refusedUplinks: number;
  readonly duplicates: number;
  readonly retries: number;
  /** Own frames or lines that came back: the adapter or the device echoes. */
  readonly echoes: number;
}

/** Counters of a driver that has not started. */
export const NO_COUNTS: LinkCounters = {
  openings: 0,
  bytesIn: 0,
  bytesOut: 0,
  framesIn: 0,
  framesOut: 0,
  crcErrors: 0,
  oversizeFrames: 0,
  malformedPackets: 0,
  unexpectedPackets: 0,
  refusedUplinks: 0,
  duplicates: 0,
  retries: 0,
  echoes: 0,
};
