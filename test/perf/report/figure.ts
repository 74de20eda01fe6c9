/** One measured number, and which direction is an improvement. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** Absent: neither, the number is a fact about the run. */
  readonly better?: 'more' | 'less';
}
