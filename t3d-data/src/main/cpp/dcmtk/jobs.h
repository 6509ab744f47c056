#pragma once

#include <string>

#include "request.h"

namespace t3d {

/* Each writes one file and returns its SOP Class and Instance UID, split by a tab. */
std::string writeSegmentation(const Request& request);
std::string writeReport(const Request& request);

}  // namespace t3d
