/* Bounds what one damaged file can make a library allocate. */
#ifndef T3D_MEMORY_H
#define T3D_MEMORY_H

#include <sys/resource.h>

#include <cstdint>

namespace t3d {

/*
 * While it lives, this process may take so many bytes of address space more, on top of a margin for
 * the libraries themselves. GDCM fills a value with zeros before it reads it: without this, a length
 * of 4 GiB in a header of 2 KiB takes that much memory, and many seconds. With it, the allocation
 * fails at once.
 */
class MemoryBudget {
 public:
  explicit MemoryBudget(uint64_t more);
  ~MemoryBudget();
  MemoryBudget(const MemoryBudget&) = delete;
  MemoryBudget& operator=(const MemoryBudget&) = delete;

 private:
  rlimit before_;
};

}  // namespace t3d

#endif
