/** A line on the terminal for a command that waits longer than people expect. */
const NOTICE_MS = 1500;

/** Waits for the work; says so on the terminal after 1.5 s. Nothing is printed if standard error is not a terminal. */
export async function withNotice<Result>(words: string, work: Promise<Result>): Promise<Result> {
  if (process.stderr.isTTY !== true) return await work;
  const notice = setTimeout(() => process.stderr.write(`${words}\n`), NOTICE_MS);
  try {
    return await work;
  } finally {
    clearTimeout(notice);
  }
}

export const WAITING_FOR_GATEWAY = 'Waiting for the answer of the gateway, at most 35 s.';
