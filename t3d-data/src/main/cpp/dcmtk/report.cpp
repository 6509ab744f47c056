#include "jobs.h"

#include "dcmtk/config/osconfig.h"

#include "dcmtk/dcmdata/dctk.h"
#include "dcmtk/dcmsr/cmr/init.h"
#include "dcmtk/dcmsr/cmr/tid1500.h"
#include "dcmtk/dcmsr/codes/dcm.h"
#include "dcmtk/dcmsr/codes/ucum.h"
#include "dcmtk/dcmsr/dsrdoc.h"

namespace t3d {
namespace {

/* dcmtk checks texts as if they were ASCII, as templates do not know the document's character set: ours are UTF-8. */
constexpr OFBool kUnchecked = OFFalse;

DSRCodedEntryValue code(const Fields& f, size_t at) {
  return DSRCodedEntryValue(f[at].c_str(), f[at + 1].c_str(), f[at + 2].c_str());
}

void addProcedure(DcmDataset* source, TID1500_MeasurementReport& report) {
  const std::string modality = text(source, 0x0008, 0x0060);
  const auto procedure = modality == "CT"   ? CID100_QuantitativeDiagnosticImagingProcedures::CTUnspecifiedBodyRegion
                         : modality == "MR" ? CID100_QuantitativeDiagnosticImagingProcedures::MRIUnspecifiedBodyRegion
                                            : CID100_QuantitativeDiagnosticImagingProcedures::ImagingProcedure;
  require(report.addProcedureReported(procedure), "the procedure cannot be written");
}

/* One group with all images of the series; the first tells what is alike for all. */
void addLibrary(const Request& request, DcmDataset* source, TID1500_MeasurementReport& report) {
  TID1600_ImageLibrary& library = report.getImageLibrary();
  require(library.createNewImageLibrary(), "the image library cannot be made");
  require(library.addImageGroup(), "the image library cannot be made");
  for (const Fields& file : request.all("file", 3)) {
    DcmItem image;
    image.putAndInsertString(DCM_SOPClassUID, file[1].c_str());
    image.putAndInsertString(DCM_SOPInstanceUID, file[2].c_str());
    require(library.addImageEntry(image, TID1600_ImageLibrary::withoutDescriptors), "an image cannot be referred to");
  }
  TID1600_ImageLibrary::ConceptNameList ofOneImage; // not alike for all
  ofOneImage.push_back(CODE_DCM_ImagePosition_Patient_X);
  ofOneImage.push_back(CODE_DCM_ImagePosition_Patient_Y);
  ofOneImage.push_back(CODE_DCM_ImagePosition_Patient_Z);
  require(library.addImageGroupDescriptors(*source, TID1600_ImageLibrary::withoutSelectedDescriptors, ofOneImage),
          "the images cannot be described");
}

void addFindings(const Request& request, TID1500_MeasurementReport& report) {
  bool first = true;
  for (const Fields& f : request.all("finding", 5)) { // name, code, scheme, meaning, percent
    require(report.addIndividualMeasurements(first), "the finding " + f[0] + " cannot be added");
    first = false;
    auto& group = report.getIndividualMeasurements();
    require(group.setTrackingIdentifier(f[0].c_str(), kUnchecked), "the finding " + f[0] + " cannot be named");
    require(group.setTrackingUniqueIdentifier(newUid().c_str()), "the finding " + f[0] + " cannot be named");
    require(group.setFinding(code(f, 1), kUnchecked), "the code of " + f[0] + " is not valid");
    const CMR_TID1501_in_TID1500::MeasurementValue value(
        f[4].c_str(), CID7181_AbstractMultiDimensionalImageModelComponentUnits::Percent);
    require(group.addMeasurement(DSRCodedEntryValue(CODE_DCM_CertaintyOfFinding), value), "the value of " + f[0] + " cannot be added");
  }
}

/* TID 4019 in each measurement group, which dcmtk's TID 1501 has no method for. */
void addAlgorithm(const Fields& software, DSRDocumentTree& tree) {
  size_t node = tree.gotoNamedNode(CODE_DCM_MeasurementGroup);
  for (; node != 0; node = tree.gotoNextNamedNode(CODE_DCM_MeasurementGroup, OFFalse)) {
    require(tree.addChildContentItem(DSRTypes::RT_hasConceptMod, DSRTypes::VT_Text, CODE_DCM_AlgorithmName),
            "the algorithm cannot be named");
    require(tree.getCurrentContentItem().setStringValue(software[0].c_str(), kUnchecked), "the algorithm cannot be named");
    tree.goUp();
    require(tree.addChildContentItem(DSRTypes::RT_hasConceptMod, DSRTypes::VT_Text, CODE_DCM_AlgorithmVersion),
            "the algorithm cannot be named");
    require(tree.getCurrentContentItem().setStringValue(software[1].c_str(), kUnchecked), "the algorithm cannot be named");
    tree.goUp();
  }
}

}  // namespace

std::string writeReport(const Request& request) {
  const auto& files = request.all("file", 3);
  if (files.empty() || request.all("finding", 5).empty()) {
    throw SystemError("the request must have images and findings");
  }
  const Fields& software = request.one("software", 3); // name, version, serial number
  DcmFileFormat first;
  DcmDataset* source = loadSource(files[0][0], first);
  const std::string study = text(source, 0x0020, 0x000d);
  const std::string series = text(source, 0x0020, 0x000e);

  TID1500_MeasurementReport report(CMR_CID7021::ImagingMeasurementReport);
  require(report.setLanguage(CID5000_Languages::English), "the language cannot be written");
  require(report.getObservationContext().addDeviceObserver(newUid().c_str(), "T3D", "T3D", software[0].c_str(),
                                                           software[2].c_str(), "",
                                                           TID1001_ObservationContext::DeviceParticipatingRolesList(),
                                                           "", kUnchecked),
          "the observer cannot be written");
  addProcedure(source, report);
  addLibrary(request, source, report);
  addFindings(request, report);
  if (!report.isValid()) {
    throw FormatError("the report would not be a valid one of TID 1500");
  }

  DSRDocument document(DSRTypes::DT_EnhancedSR);
  require(document.readPatientData(*source), "the patient cannot be taken over");
  require(document.readStudyData(*source), "the study cannot be taken over");
  require(document.createNewSeriesInStudy(study.c_str()), "the series cannot be made");
  require(document.setTreeFromRootTemplate(report), "the report cannot be made");
  addAlgorithm(software, document.getTree());
  require(document.setSpecificCharacterSetType(DSRTypes::CS_UTF8), "the character set cannot be set");
  require(document.setSeriesDescription(request.one("description", 1)[0].c_str()), "the series cannot be described");
  require(document.setSeriesNumber(request.one("series", 1)[0].c_str()), "the series cannot be described");
  require(document.setSeriesDate(currentDate().c_str()), "the series cannot be described");
  require(document.setSeriesTime(currentTime().c_str()), "the series cannot be described");
  require(document.setManufacturer("T3D"), "the software cannot be named");
  require(document.setManufacturerModelName(software[0].c_str()), "the software cannot be named");
  require(document.setDeviceSerialNumber(software[2].c_str()), "the software cannot be named");
  require(document.setSoftwareVersions(software[1].c_str()), "the software cannot be named");
  for (const Fields& file : files) {
    require(document.getCurrentRequestedProcedureEvidence().addItem(study.c_str(), series.c_str(), file[1].c_str(),
                                                                    file[2].c_str()),
            "an image cannot be referred to");
  }
  // Nobody has verified it, and it is whole.
  require(document.completeDocument(), "the report cannot be completed");

  DcmFileFormat out;
  DcmDataset* data = out.getDataset();
  require(document.write(*data), "the report cannot be written");
  const std::string instance = newUid();
  require(data->putAndInsertString(DCM_SeriesInstanceUID, newUid().c_str()), "the UID cannot be set");
  require(data->putAndInsertString(DCM_SOPInstanceUID, instance.c_str()), "the UID cannot be set");
  require(out.saveFile(request.one("out", 1)[0].c_str(), EXS_LittleEndianExplicit), "it cannot be written");
  return text(data, 0x0008, 0x0016) + "\t" + instance;
}

}  // namespace t3d
