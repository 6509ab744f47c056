package io.t3d.cli;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.Random;

/** The arrows between modules and packages, and the bans that keep runs repeatable. */
@AnalyzeClasses(packages = "io.t3d", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
  private static final DescribedPredicate<JavaClass> LIBRARY =
      resideInAPackage("io.t3d.core..")
          .or(resideInAPackage("io.t3d.data.."))
          .or(resideInAPackage("io.t3d.losses.."))
          .as("library packages");

  @ArchTest
  static final ArchRule modulesPointOneWay =
      layeredArchitecture()
          .consideringOnlyDependenciesInLayers()
          .layer("core")
          .definedBy("io.t3d.core..")
          .layer("data")
          .definedBy("io.t3d.data..")
          .layer("remote")
          .definedBy("io.t3d.remote..")
          .layer("losses")
          .definedBy("io.t3d.losses..")
          .layer("pipeline")
          .definedBy("io.t3d.pipeline..")
          .layer("serve")
          .definedBy("io.t3d.serve..")
          .layer("cli")
          .definedBy("io.t3d.cli..")
          .whereLayer("cli")
          .mayNotBeAccessedByAnyLayer()
          .whereLayer("serve")
          .mayOnlyBeAccessedByLayers("cli")
          .whereLayer("remote")
          .mayNotBeAccessedByAnyLayer() // it is found by its services
          .whereLayer("pipeline")
          .mayOnlyBeAccessedByLayers("serve", "cli")
          .whereLayer("data")
          .mayOnlyBeAccessedByLayers("remote", "pipeline", "serve", "cli")
          .whereLayer("losses")
          .mayOnlyBeAccessedByLayers("pipeline", "serve", "cli")
          .whereLayer("core")
          .mayOnlyBeAccessedByLayers("data", "losses", "remote", "pipeline", "serve", "cli");

  @ArchTest
  static final ArchRule volumesAndShapesKnowNothingOfTheModel =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.t3d.core.volume..",
              "io.t3d.core.tensor..",
              "io.t3d.core.file..",
              "io.t3d.core.internal",
              "io.t3d.core.config..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "io.t3d.core.nn..",
              "io.t3d.core.model..",
              "io.t3d.core.train..",
              "io.t3d.core.task..",
              "io.t3d.core.text..");

  @ArchTest
  static final ArchRule networksDoNotKnowTrainingOrTasks =
      noClasses()
          .that()
          .resideInAnyPackage("io.t3d.core.nn..", "io.t3d.core.model..", "io.t3d.core.torch..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.t3d.core.train..", "io.t3d.core.task..", "io.t3d.core.eval..");

  @ArchTest
  static final ArchRule tasksDoNotKnowEachOther =
      slices()
          .matching("io.t3d.core.task.(*)..")
          .should()
          .notDependOnEachOther()
          .ignoreDependency(
              DescribedPredicate.alwaysTrue(), resideInAPackage("io.t3d.core.task.internal.."));

  @ArchTest
  static final ArchRule packagesFormNoCycle =
      slices().matching("io.t3d.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule onlyTheBridgeTouchesThePresets =
      noClasses()
          .that()
          .resideOutsideOfPackages(
              "io.t3d.core.torch..",
              "io.t3d.core.internal.kernel..",
              "io.t3d.losses.kernel..",
              "io.t3d.data.itk..",
              "io.t3d.data.dicom.internal", // unpacks its program with JavaCPP's loader
              "io.t3d.data.io.internal.format..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bytedeco..")
          .because("the bridge alone decides which libtorch is loaded");

  @ArchTest
  static final ArchRule itkDoesNotKnowLibtorch =
      noClasses()
          .that()
          .resideInAPackage("io.t3d.data.itk..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("org.bytedeco.pytorch..")
          .because("it uses JavaCPP itself, for ITK's natives");

  @ArchTest
  static final ArchRule itkReadsNoFileInsideTheJvm =
      noClasses()
          .that()
          .doNotHaveFullyQualifiedName("io.t3d.data.itk.internal.read.ItkMemory")
          .and()
          .resideOutsideOfPackage("io.t3d.data.itk.preset..")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("io.t3d.data.itk.preset..")
          .because("only work on our own memory runs in the JVM; files go to a worker process");

  @ArchTest
  static final ArchRule randomnessIsSeeded =
      noClasses()
          .that(LIBRARY)
          .should()
          .callConstructor(Random.class)
          .orShould()
          .callMethod(Math.class, "random")
          .orShould()
          .callMethod(java.util.concurrent.ThreadLocalRandom.class, "current")
          .because("runs must be repeatable: take a seed and use SplittableRandom");

  @ArchTest
  static final ArchRule numbersInGradientScopesAreOwnedByLibtorch =
      noClasses()
          .that()
          .resideInAnyPackage(
              "io.t3d.core.nn..",
              "io.t3d.core.model..",
              "io.t3d.core.torch..",
              "io.t3d.core.internal.kernel..",
              "io.t3d.losses..")
          .should()
          .callMethod(NDArray.class, "mul", Number.class)
          .orShould()
          .callMethod(NDArray.class, "div", Number.class)
          .orShould()
          .callMethod(NDArray.class, "pow", Number.class)
          .orShould()
          .callMethod(NDArray.class, "maximum", Number.class)
          .orShould()
          .callMethod(NDArray.class, "minimum", Number.class)
          .orShould()
          .callMethod(NDArray.class, "muli", Number.class)
          .orShould()
          .callMethod(NDArray.class, "divi", Number.class)
          .because(
              "DJL may free the number before the backward pass: use io.t3d.core.tensor.Scalars");

  @ArchTest
  static final ArchRule nothingIsJavaSerialized =
      noClasses()
          .should()
          .dependOnClassesThat()
          .belongToAnyOf(ObjectInputStream.class, ObjectOutputStream.class)
          .because("reading it can run code; use safetensors, JSON or YAML");

  @ArchTest
  static final ArchRule nativeMemoryHasAnOwner =
      noClasses()
          .that(LIBRARY)
          .and()
          .doNotHaveFullyQualifiedName("io.t3d.core.model.T3DModel")
          .and()
          .doNotHaveFullyQualifiedName(
              "io.t3d.core.task.segment.Segmenter") // owns weights, as the model
          .and()
          .doNotHaveFullyQualifiedName(
              "io.t3d.pipeline.published.PublishedModels") // reads before there is a model
          .should()
          .callMethod(NDManager.class, "newBaseManager")
          .orShould()
          .callMethod(NDManager.class, "newBaseManager", ai.djl.Device.class)
          .because("arrays belong to the caller's manager; ask for a NDManager instead");
}
