/** What a technician wants to know of a line. Counted by its driver since the process started; they only grow. */
export interface LinkCounters {
  readonly openings: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly framesIn: number;
  readonly framesOut: number;
  /** Damaged on the line: a wrong checksum, and bytes that are noise. */
  readonly crcErrors: number;
  readonly oversizeFrames: number;
  /** Whole, and of no use: no packet, or a line that is not as configured. */
  readonly malformedPackets: number;
  readonly unexpectedPackets: number;
  /** Not taken into custody, and the subdevice told so where it can be told: what it does not repeat is gone. */
  readonly refusedUplinks: number;
  readonly duplicates: number;
  readonly retries: number;
}
