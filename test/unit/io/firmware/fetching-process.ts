/** Process that downloads one image and prints the outcome as JSON; a test kills it. */
import { fetched, openStorage } from './image-server.ts';

const [, , folder = '', caFile = '', url = '', digest = ''] = process.argv;
const storage = openStorage(folder, caFile);
console.log(JSON.stringify(await fetched(storage, JSON.parse(digest), url)));
