// The browser client of Usher: joins through Zoom's Web SDK and reports what became of it.
export { join } from './join';
export type { Options, Result } from './join';
export { loaded } from './story';
export type { Answer } from './story';
