/** Output of the demonstration. The command line decides about colours, width and the stream. */

export interface DemoOutput {
  /** Writes one line. */
  line(text: string, tone?: 'good' | 'bad' | 'quiet' | 'strong'): void;
  /** Writes a sentence, broken at the width of the terminal. @param indent number of spaces before each line */
  sentence(text: string, indent?: number): void;
}
