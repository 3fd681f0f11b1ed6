import stream from 'tar-stream';

/** tar-stream, which brings no types; they are in tar.d.ts. */
export const { extract, pack } = stream;
