package example;

import io.t3d.core.T3dException;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;
import org.springframework.http.HttpStatus;
import org.springframework.http.ProblemDetail;
import org.springframework.web.bind.annotation.ExceptionHandler;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.multipart.MultipartFile;

/** A service that says how probable findings are: {@code curl -F volume=@ct.nii.gz localhost:8080/zero-shot}. */
@SpringBootApplication
public class CtService {
  /** Takes {@code --t3d.checkpoint=FOLDER} and Spring's own options. */
  public static void main(String[] args) {
    SpringApplication.run(CtService.class, args);
  }

  /** One model for all requests: it is safe for concurrent use. Spring closes it at the end. */
  @Bean
  TrainedModel model(@Value("${t3d.checkpoint}") Path checkpoint) throws IOException {
    return TrainedModel.open(checkpoint);
  }

  @RestController
  static class Endpoints {
    private final TrainedModel model;

    Endpoints(TrainedModel model) {
      this.model = model;
    }

    @PostMapping("/zero-shot")
    Map<String, Double> zeroShot(@RequestParam("volume") MultipartFile volume) throws IOException {
      Path folder = Files.createTempDirectory("ct");
      Path file = folder.resolve("volume.nii.gz"); // never the name that the request gives
      try {
        volume.transferTo(file);
        return model.zeroShot(file, model.prompts());
      } finally {
        Files.deleteIfExists(file);
        Files.delete(folder);
      }
    }

    /** What the caller can mend is told with the library's own words. */
    @ExceptionHandler({T3dException.class, IOException.class})
    ProblemDetail bad(Exception e) {
      return ProblemDetail.forStatusAndDetail(HttpStatus.UNPROCESSABLE_ENTITY, e.getMessage());
    }
  }
}
