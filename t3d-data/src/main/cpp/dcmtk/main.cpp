/*
 * Writes one DICOM segmentation or report for a JVM, apart from it, with dcmtk's own classes for those objects.
 * Usage: t3d-dcmtk-worker <address space in MiB> <seconds to live> <request
 * Prints "ok", "format" or "system", a tab, and the new object's UIDs or the reason.
 */
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <new>

#include "jobs.h"

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dctk.h"
#include "dcmtk/oflog/oflog.h"

namespace {

void limit(int resource, rlim_t value) {
  const rlimit bounds{value, value};
  setrlimit(static_cast<__rlimit_resource>(resource), &bounds);
}

/* No memory image of a patient's scan may reach the disk; nothing may outlive its use. */
void limitMyself(const char* mebibytes, const char* seconds) {
  limit(RLIMIT_AS, static_cast<rlim_t>(std::strtoull(mebibytes, nullptr, 10)) << 20);
  limit(RLIMIT_CORE, 0);
  prctl(PR_SET_DUMPABLE, 0); // a core pattern with a pipe ignores RLIMIT_CORE
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  alarm(static_cast<unsigned>(std::strtoul(seconds, nullptr, 10)));
}

int answer(const char* status, std::string text, int code) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' && c != '\t') {
      c = ' ';
    }
  }
  std::cout << status << '\t' << text << std::endl;
  return code;
}

std::string work() {
  OFLog::configure(OFLogger::OFF_LOG_LEVEL); // its messages quote values
  if (!dcmDataDict.isDictionaryLoaded()) {
    throw t3d::SystemError("dcmtk's dictionary is not installed; sudo apt-get install -y libdcmtk17");
  }
  const t3d::Request request = t3d::Request::read(std::cin);
  const std::string kind = request.one("kind", 1)[0];
  if (kind == "seg") {
    return t3d::writeSegmentation(request);
  }
  if (kind == "sr") {
    return t3d::writeReport(request);
  }
  throw t3d::SystemError("unknown kind");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    return 2;
  }
  limitMyself(argv[1], argv[2]);
  try {
    return answer("ok", work(), 0);
  } catch (const t3d::FormatError& e) {
    return answer("format", e.what(), 1);
  } catch (const t3d::SystemError& e) {
    return answer("system", e.what(), 1);
  } catch (const std::bad_alloc&) {
    return answer("memory", "", 1);
  } catch (const std::exception& e) {
    return answer("system", e.what(), 1);
  }
}
