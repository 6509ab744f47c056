#include "wire.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

namespace t3d {

namespace {

constexpr uint32_t kLongestFrame = 64u << 20;

bool readFully(int fd, char* to, size_t count) {
  while (count > 0) {
    const ssize_t got = read(fd, to, count);
    if (got <= 0) {
      if (got < 0 && errno == EINTR) {
        continue;
      }
      return false;
    }
    to += got;
    count -= static_cast<size_t>(got);
  }
  return true;
}

bool writeFully(int fd, const char* from, size_t count) {
  while (count > 0) {
    const ssize_t done = write(fd, from, count);
    if (done < 0) {
      if (errno == EINTR) {
        continue;
      }
      return false;
    }
    from += done;
    count -= static_cast<size_t>(done);
  }
  return true;
}

}  // namespace

const char* Request::take(size_t count) {
  if (count > bytes_.size() - at_) {
    throw std::logic_error("the request ends early");
  }
  const char* from = bytes_.data() + at_;
  at_ += count;
  return from;
}

uint8_t Request::u8() { return static_cast<uint8_t>(*take(1)); }

uint32_t Request::u32() {
  uint32_t value;
  std::memcpy(&value, take(4), 4);
  return value;
}

uint64_t Request::u64() {
  uint64_t value;
  std::memcpy(&value, take(8), 8);
  return value;
}

std::string Request::text() {
  const uint32_t count = u32();
  return std::string(take(count), count);
}

void Response::raw(const void* value, size_t count) {
  bytes_.append(static_cast<const char*>(value), count);
}

void Response::text(const std::string& value) {
  u32(static_cast<uint32_t>(value.size()));
  bytes_ += value;
}

bool readFrame(int fd, std::string* frame) {
  uint32_t size;
  if (!readFully(fd, reinterpret_cast<char*>(&size), 4) || size > kLongestFrame) {
    return false;
  }
  frame->resize(size);
  return readFully(fd, &(*frame)[0], size);
}

bool writeFrame(int fd, const std::string& frame) {
  const uint32_t size = static_cast<uint32_t>(frame.size());
  return writeFully(fd, reinterpret_cast<const char*>(&size), 4) &&
         writeFully(fd, frame.data(), frame.size());
}

namespace {
int progressChannel = -1;
constexpr uint8_t kProgress = 250;
}  // namespace

void setProgressChannel(int fd) { progressChannel = fd; }

void progress(uint32_t file) {
  Response frame;
  frame.u8(kProgress);
  frame.u32(file);
  writeFrame(progressChannel, frame.bytes());
}

SharedFile::SharedFile(const std::string& path, uint64_t size) : data_(nullptr), size_(size) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) {
    throw SystemError("the decoder cannot make its exchange file (" +
                      std::string(std::strerror(errno)) + ")");
  }
  // Without it, a full disk would show as SIGBUS at the first touch of a page.
  const int failed = posix_fallocate(fd, 0, static_cast<off_t>(size));
  if (failed != 0) {
    close(fd);
    throw SystemError("no space for " + std::to_string(size) + " bytes of voxels where they are handed over (" +
                      std::string(std::strerror(failed)) +
                      "); free space there, or set -Dt3d.itk.exchange to another folder");
  }
  void* at = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (at == MAP_FAILED) {
    throw std::bad_alloc();
  }
  data_ = static_cast<char*>(at);
}

SharedFile::~SharedFile() { munmap(data_, size_); }

}  // namespace t3d
