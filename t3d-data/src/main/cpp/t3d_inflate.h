// Raw deflate through ISA-L's igzip, for T3dInflate.java. Header only: JavaCPP compiles it into its glue.
#pragma once
#include <isa-l/igzip_lib.h>

inline void *t3d_inflate_new() {
  auto *state = new inflate_state;
  isal_inflate_init(state);
  return state;
}

inline void t3d_inflate_reset(void *state) {
  isal_inflate_init(static_cast<inflate_state *>(state));
}

inline void t3d_inflate_free(void *state) { delete static_cast<inflate_state *>(state); }

// Returns 1 at the stream's end, 0 before, and ISA-L's negative code for damaged data. counts[0] is
// how far the input moved: at the end up to 8 bytes that were taken ahead go back, so it may be
// negative. counts[1] is how many bytes were made.
inline int t3d_inflate_run(void *state, const void *in, int in_bytes, void *out, int out_bytes, int *counts) {
  auto *s = static_cast<inflate_state *>(state);
  s->next_in = static_cast<uint8_t *>(const_cast<void *>(in));
  s->avail_in = in_bytes;
  s->next_out = static_cast<uint8_t *>(out);
  s->avail_out = out_bytes;
  int result = isal_inflate(s);
  counts[0] = in_bytes - static_cast<int>(s->avail_in);
  counts[1] = out_bytes - static_cast<int>(s->avail_out);
  if (result < 0) return result;
  if (s->block_state != ISAL_BLOCK_FINISH) return 0;
  counts[0] -= s->read_in_length / 8;
  return 1;
}
