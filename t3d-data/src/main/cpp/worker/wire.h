/* Frames between the JVM and the worker, and the file in which pixels travel. */
#ifndef T3D_WIRE_H
#define T3D_WIRE_H

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>

namespace t3d {

/* The input is at fault. The text goes to the user: it never holds text from the input. */
struct FormatError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/* As above, of one file of many. */
struct FileError : FormatError {
  FileError(uint32_t file, const std::string& why) : FormatError(why), index(file) {}
  uint32_t index;
};

/* This machine is at fault: no space, no such file. */
struct SystemError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/* Reads little-endian values from a request. */
class Request {
 public:
  explicit Request(const std::string& bytes) : bytes_(bytes) {}
  uint8_t u8();
  uint32_t u32();
  uint64_t u64();
  std::string text();

 private:
  const char* take(size_t count);
  const std::string& bytes_;
  size_t at_ = 0;
};

/* Collects a response. */
class Response {
 public:
  void u8(uint8_t value) { raw(&value, 1); }
  void u32(uint32_t value) { raw(&value, 4); }
  void u64(uint64_t value) { raw(&value, 8); }
  void f64(double value) { raw(&value, 8); }
  void text(const std::string& value);
  const std::string& bytes() const { return bytes_; }

 private:
  void raw(const void* value, size_t count);
  std::string bytes_;
};

/* A frame is its length in four bytes and then as many bytes. False at the end of the stream. */
bool readFrame(int fd, std::string* frame);
bool writeFrame(int fd, const std::string& frame);

/* Tells the JVM which file of a request is next: it knows then whose fault a crash is. */
void setProgressChannel(int fd);
void progress(uint32_t file);

/* A new file, mapped for both sides, whose space is really there. */
class SharedFile {
 public:
  SharedFile(const std::string& path, uint64_t size);
  ~SharedFile();
  SharedFile(const SharedFile&) = delete;
  SharedFile& operator=(const SharedFile&) = delete;
  char* data() { return data_; }

 private:
  char* data_;
  uint64_t size_;
};

}  // namespace t3d

#endif
