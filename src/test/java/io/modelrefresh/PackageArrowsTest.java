package io.modelrefresh;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The way data flows, as arrows between packages: what each room may know of. */
class PackageArrowsTest {

  private static final String BASE = "io.modelrefresh.";
  private static final JavaClasses PRODUCT =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.modelrefresh");

  @ParameterizedTest(name = "{0} may know of: {1}")
  @CsvSource({
    "pubsub, ''",
    "emulator, ''",
    "demo, ''",
    "update, ''",
    "catalog, 'update'",
    "request, ''",
    "serving, 'update catalog request'",
    "refresh, 'update catalog serving'",
    "leadership, ''",
    "retraining, 'pubsub update catalog request refresh'",
    "agent, 'request pubsub update catalog serving refresh leadership retraining'",
    "page, 'catalog refresh agent'",
    "dev, 'pubsub emulator demo update catalog agent'",
  })
  void aPackageKnowsOnlyOfThoseItsArrowsPointTo(String room, String known) {
    String[] foreign =
        rooms()
            .filter(other -> !other.equals(room) && !List.of(known.split(" ")).contains(other))
            .map(other -> BASE + other + "..")
            .toArray(String[]::new);

    classes()
        .that()
        .resideInAPackage(BASE + room + "..")
        .should()
        .onlyDependOnClassesThat()
        .resideOutsideOfPackages(foreign)
        .check(PRODUCT);
  }

  @Test
  void theRulesNameEveryPackage() {
    List<String> named = rooms().sorted().toList();

    List<String> found =
        PRODUCT.stream()
            .map(type -> type.getPackageName())
            .filter(name -> name.startsWith(BASE))
            .map(name -> name.substring(BASE.length()).split("\\.")[0])
            .distinct()
            .sorted()
            .toList();

    org.assertj.core.api.Assertions.assertThat(new ArrayList<>(found)).isEqualTo(named);
  }

  @Test
  void noCyclesBetweenPackages() {
    slices().matching(BASE + "(*)..").should().beFreeOfCycles().check(PRODUCT);
  }

  @ParameterizedTest(name = "{0} knows nothing of Pub/Sub, HTTP or Quarkus' messaging")
  @CsvSource({"update", "catalog"})
  void theInnerRoomsKnowNoTransport(String room) {
    classes()
        .that()
        .resideInAPackage(BASE + room + "..")
        .should()
        .onlyDependOnClassesThat()
        .resideOutsideOfPackages(
            "com.google.cloud.pubsub..",
            "com.google.pubsub..",
            "io.vertx..",
            "jakarta.ws.rs..",
            "org.eclipse.microprofile.reactive.messaging..")
        .check(PRODUCT);
  }

  private static Stream<String> rooms() {
    return Stream.of(
        "pubsub",
        "emulator",
        "demo",
        "update",
        "catalog",
        "request",
        "serving",
        "refresh",
        "retraining",
        "leadership",
        "agent",
        "page",
        "dev");
  }
}
