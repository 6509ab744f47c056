/*
 * Decodes image files for a JVM, one request after the other, apart from it: a file that crashes a
 * decoder ends this process only. Usage: t3d-itk-worker <address space in MiB>
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>
#include <thread>

#include "dicom.h"
#include "image_file.h"
#include "wire.h"

namespace {

enum Status : uint8_t { kOk = 0, kFormat = 1, kSystem = 2, kMemory = 3 };
enum Operation : uint8_t { kImageFile = 1, kDicomScan = 2, kDicomDecode = 3 };

void limit(int resource, rlim_t value) {
  const rlimit bounds{value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &bounds);
}

/* No memory image of a patient's scan may reach the disk; no runaway allocation the machine. */
void limitMyself(const char* mebibytes) {
  limit(RLIMIT_AS, static_cast<rlim_t>(std::strtoull(mebibytes, nullptr, 10)) << 20);
  limit(RLIMIT_CORE, 0);
  prctl(PR_SET_DUMPABLE, 0); // a core pattern with a pipe ignores RLIMIT_CORE
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  signal(SIGPIPE, SIG_IGN);
}

/* Ends a decode that hangs when the JVM is gone: the pipe's other end then closes. */
void dieWithTheJvm() {
  std::thread([] {
    pollfd in{STDIN_FILENO, 0, 0};
    while (poll(&in, 1, -1) <= 0 || (in.revents & (POLLHUP | POLLERR)) == 0) {
    }
    _exit(0);
  }).detach();
}

/* Keeps the channel to itself: what libraries print goes elsewhere. */
int takeOverStdout() {
  const int channel = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  const int complaints = memfd_create("complaints", MFD_CLOEXEC);
  dup2(nowhere, STDOUT_FILENO);
  dup2(complaints >= 0 ? complaints : nowhere, STDERR_FILENO);
  return channel;
}

std::string failure(Status status, const std::string& why, uint32_t file = 0) {
  t3d::Response response;
  response.u8(status);
  response.u32(file);
  response.text(why);
  return response.bytes();
}

std::string answer(const std::string& frame) {
  t3d::Request request(frame);
  t3d::Response response;
  response.u8(kOk);
  switch (request.u8()) {
    case kImageFile:
      t3d::readImageFile(request, response);
      break;
    case kDicomScan:
      t3d::scanDicom(request, response);
      break;
    case kDicomDecode:
      t3d::decodeDicom(request, response);
      break;
    default:
      throw std::logic_error("unknown operation");
  }
  return response.bytes();
}

std::string answerOrFail(const std::string& frame) {
  try {
    return answer(frame);
  } catch (const t3d::FileError& e) {
    return failure(kFormat, e.what(), e.index);
  } catch (const t3d::FormatError& e) {
    return failure(kFormat, e.what());
  } catch (const t3d::SystemError& e) {
    return failure(kSystem, e.what());
  } catch (const std::bad_alloc&) {
    return failure(kMemory, "");
  } catch (const std::exception&) {
    return failure(kFormat, "the decoder gave up on it; the file is damaged or of an unknown kind");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    return 2;
  }
  limitMyself(argv[1]);
  const int channel = takeOverStdout();
  t3d::setProgressChannel(channel);
  dieWithTheJvm();
  std::string frame;
  while (t3d::readFrame(STDIN_FILENO, &frame)) {
    if (!t3d::writeFrame(channel, answerOrFail(frame))) {
      break;
    }
  }
  _exit(0); // no destructors of libraries: nothing is left to be saved
}
