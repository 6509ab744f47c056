package io.t3d.data.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CodeTableTest {
  @TempDir Path dir;

  @Test
  void namesAreFoundHoweverTheyAreWritten() {
    CodeTable codes = CodeTable.standard();
    DicomCode effusion = DicomCode.snomed("60046008", "Pleural effusion");
    for (String name :
        new String[] {"pleural_effusion", "Pleural Effusion", " pleural-effusion "}) {
      assertThat(codes.codes(name).type()).isEqualTo(effusion);
      assertThat(codes.codes(name).category()).isEqualTo(CodeTable.ABNORMAL);
    }
    assertThat(codes.codes("RIGHT_UPPER_LOBE").type().value()).isEqualTo("42400003");
    assertThat(codes.codes("heart").category()).isEqualTo(CodeTable.ANATOMY);
  }

  @Test
  void aFileGoesBeforeTheTable() throws IOException {
    Path file = dir.resolve("codes.json");
    Files.writeString(
        file,
        """
        {"heart": {"type": {"value": "H1", "scheme": "99ME", "meaning": "My heart"}},
         "Thing": {"category": {"value": "C", "scheme": "99ME", "meaning": "Cat"},
                   "type": {"value": "T", "scheme": "99ME", "meaning": "Thing"}}}
        """);
    CodeTable codes = CodeTable.load(file);
    assertThat(codes.codes("Heart").type()).isEqualTo(new DicomCode("H1", "99ME", "My heart"));
    assertThat(codes.codes("thing").category().value()).isEqualTo("C");
    assertThat(codes.codes("liver").type().scheme()).isEqualTo("SCT");
  }

  @Test
  void unknownNamesGetPrivateCodesOfTheirOwn() {
    CodeTable codes = CodeTable.standard();
    assertThat(codes.find("unicorn")).isEmpty();
    assertThat(codes.codes("unicorn").type())
        .isEqualTo(new DicomCode("UNICORN", "99T3D", "unicorn"));
    String first = codes.codes("a name that is longer than a code, the first").type().value();
    String second = codes.codes("a name that is longer than a code, the second").type().value();
    assertThat(first).hasSize(16).isNotEqualTo(second);
    assertThat(DicomCode.ofName("x".repeat(100)).meaning()).hasSize(64).endsWith("…");
    assertThat(DicomCode.ofName("Einhörner").value())
        .isNotEqualTo(DicomCode.ofName("Einh rner").value());
  }

  @Test
  void aFileThatIsNoTableSaysWhy() throws IOException {
    Path file = dir.resolve("codes.json");
    String[] bad = {
      "[]",
      "{\"a\": {}}",
      "{\"a\": {\"type\": {\"value\": \"1\"}}}",
      "{\"a\": {\"kind\": {}}}",
      "{\"a\": null}",
      "{",
      "{\"a\": {\"type\": {\"value\": \"12345678901234567\", \"scheme\": \"SCT\", \"meaning\": \"x\"}}}"
    };
    for (String json : bad) {
      Files.writeString(file, json);
      assertThatThrownBy(() -> CodeTable.load(file))
          .as(json)
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("codes.json is no table of codes");
    }
  }
}
