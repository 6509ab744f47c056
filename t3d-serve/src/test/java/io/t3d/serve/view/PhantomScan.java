package io.t3d.serve.view;

import ai.djl.Device;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.data.io.VolumeWriters;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.PhantomStudy;
import io.t3d.data.phantom.Structure;
import io.t3d.data.phantom.generate.PhantomGenerator;
import io.t3d.data.phantom.generate.PhantomPrompts;
import io.t3d.data.prepare.Masks;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** A phantom's scan and mask as files, and a model that has learned nothing. */
record PhantomScan(Path scan, Path mask) {
  static PhantomScan write(Path folder, PhantomConfig config, long seed) throws IOException {
    PhantomStudy study = new PhantomGenerator(config).generate(seed);
    PhantomScan files =
        new PhantomScan(folder.resolve("phantom.nii.gz"), folder.resolve("mask.nii.gz"));
    VolumeWriters.write(files.scan, study.volume(), PixelType.FLOAT32);
    VolumeWriters.write(files.mask, study.mask(), PixelType.UINT8);
    return files;
  }

  ViewSettings settings() {
    return new ViewSettings(
        scan, Optional.of(mask), Masks.OtherGrid.REFUSE, names(), Optional.empty(), 0);
  }

  /** The mask's values in words: {@code 2=right upper lobe}. */
  static Map<Integer, String> names() {
    return Arrays.stream(Structure.values())
        .collect(
            Collectors.toMap(
                Structure::value, s -> s.name().toLowerCase(Locale.ROOT).replace('_', ' ')));
  }

  static TrainedModel untrained() {
    PretrainConfig tiny = PretrainConfig.tiny();
    return new TrainedModel(
        T3DModel.create(T3DConfig.tiny(), Device.cpu(), 7),
        tiny.data(),
        Optional.of(tiny.objective()),
        PhantomPrompts.all());
  }
}
