#include "memory.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace t3d {

namespace {

constexpr uint64_t kMargin = 256u << 20;

/* Address space in use; 0 when the kernel does not tell. */
uint64_t inUse() {
  unsigned long pages = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "re")) {
    if (std::fscanf(file, "%lu", &pages) != 1) {
      pages = 0;
    }
    std::fclose(file);
  }
  return static_cast<uint64_t>(pages) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

MemoryBudget::MemoryBudget(uint64_t more) {
  getrlimit(RLIMIT_AS, &before_);
  const uint64_t used = inUse();
  if (used > 0) {
    const rlim_t soft = std::min<uint64_t>(before_.rlim_max, used + kMargin + more);
    const rlimit bounds{soft, before_.rlim_max};
    setrlimit(RLIMIT_AS, &bounds);
  }
}

MemoryBudget::~MemoryBudget() { setrlimit(RLIMIT_AS, &before_); }

}  // namespace t3d
