package io.t3d.core.config;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.base.CharMatcher;
import io.t3d.core.config.internal.OldForm;
import io.t3d.core.internal.DidYouMean;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Turns a JSON tree into a record. Jackson's own binding stops at messages about Java classes; this
 * one names the key's path, what is known there and what was probably meant.
 */
final class RecordBinder {
  private static final String PRESET = "preset";
  private static final CharMatcher SEPARATORS = CharMatcher.anyOf("- ");

  private final String source;

  RecordBinder(String source) {
    this.source = source;
  }

  <T> T bind(JsonNode root, Class<T> type) {
    return type.cast(value(root, type, "", null));
  }

  /** {@code base} is what fills missing keys; null when every key must be there. */
  private Object value(JsonNode node, Type type, String path, @Nullable Object base) {
    if (type instanceof ParameterizedType generic) {
      return generic(node, generic, path, base);
    }
    Class<?> wanted = (Class<?>) type;
    if (wanted.isRecord()) {
      return record(node, wanted, path, base);
    }
    if (wanted.isSealed()) {
      return sealed(node, wanted, path, base);
    }
    return scalar(node, wanted, path);
  }

  private Object generic(
      JsonNode node, ParameterizedType type, String path, @Nullable Object base) {
    Type[] arguments = type.getActualTypeArguments();
    if (type.getRawType() == Optional.class) {
      // Keys that are left out of an optional record come from the preset's, if that has one.
      Object inner = base instanceof Optional<?> held ? held.orElse(null) : null;
      return node.isNull() ? Optional.empty() : Optional.of(value(node, arguments[0], path, inner));
    }
    if (type.getRawType() == List.class) {
      require(node.isArray(), node, path, "a list");
      List<Object> out = new ArrayList<>();
      for (int i = 0; i < node.size(); i++) {
        out.add(value(node.get(i), arguments[0], path + "[" + i + "]", null));
      }
      return out;
    }
    if (type.getRawType() == Map.class && arguments[0] == String.class) {
      require(node.isObject(), node, path, "a map of keys to values");
      Map<String, Object> out = new LinkedHashMap<>();
      node.properties()
          .forEach(
              e ->
                  out.put(
                      e.getKey(), value(e.getValue(), arguments[1], join(path, e.getKey()), null)));
      return out;
    }
    throw new IllegalStateException(
        "Settings of type " + type + " are not supported; use List, Map<String, …> or Optional");
  }

  private Object sealed(JsonNode given, Class<?> type, String path, @Nullable Object inherited) {
    require(given.isObject(), given, path, "a map of keys to values");
    ObjectNode node = migrated((ObjectNode) given, type);
    if (!type.isAnnotationPresent(JsonTypeInfo.class)) {
      return byKeys(node, type, path, inherited);
    }
    String key = type.getAnnotation(JsonTypeInfo.class).property();
    Map<String, Class<?>> names = new LinkedHashMap<>();
    for (JsonSubTypes.Type t : type.getAnnotation(JsonSubTypes.class).value()) {
      names.put(t.name(), t.value());
    }
    JsonNode name = node.get(key);
    Object base = inherited;
    if (node.has(PRESET)
        && (name == null || presets(type).containsKey(node.get(PRESET).asText()))) {
      // A preset of the interface; one of the record is the record's own business.
      base = base(node, type, path, inherited);
      node.remove(PRESET);
    }
    if (name == null) {
      if (base != null) {
        return value(node, base.getClass(), path, base);
      }
      throw error(path, "misses the key '" + key + "', one of " + names.keySet());
    }
    Class<?> subtype = names.get(name.asText().toLowerCase(Locale.ROOT));
    if (subtype == null) {
      throw error(
          join(path, key),
          "must be one of "
              + names.keySet()
              + ", got "
              + name
              + DidYouMean.hint(name.asText(), names.keySet()));
    }
    if (base != inherited && !subtype.isInstance(base)) {
      throw error(
          join(path, key),
          "is " + name + ", but " + given.get(PRESET) + " is a preset of another " + key);
    }
    return value(node, subtype, path, subtype.isInstance(base) ? base : null);
  }

  /** A copy in today's form. */
  private static ObjectNode migrated(ObjectNode given, Class<?> type) {
    ObjectNode copy = given.deepCopy();
    OldForm old = type.getAnnotation(OldForm.class);
    if (old != null) {
      try {
        var migration = old.value().getDeclaredConstructor();
        migration.setAccessible(true);
        migration.newInstance().accept(copy);
      } catch (ReflectiveOperationException e) {
        throw new IllegalStateException(old.value() + " needs a constructor without arguments", e);
      }
    }
    return copy;
  }

  /**
   * The first record that knows all keys, else the first of all, whose error says what is wrong.
   */
  private Object byKeys(JsonNode node, Class<?> type, String path, @Nullable Object base) {
    Class<?>[] records = type.getPermittedSubclasses();
    Class<?> fitting = records[0];
    for (Class<?> candidate : records) {
      Set<String> known =
          new LinkedHashSet<>(presets(candidate).isEmpty() ? Set.of() : Set.of(PRESET));
      Arrays.stream(candidate.getRecordComponents()).forEach(c -> known.add(c.getName()));
      Set<String> given = new LinkedHashSet<>();
      node.fieldNames().forEachRemaining(given::add);
      if (known.containsAll(given)) {
        fitting = candidate;
        break;
      }
    }
    return value(node, fitting, path, fitting.isInstance(base) ? base : null);
  }

  private Object record(JsonNode given, Class<?> type, String path, @Nullable Object inherited) {
    require(given.isObject(), given, path, "a map of keys to values");
    JsonNode node = migrated((ObjectNode) given, type);
    RecordComponent[] components = type.getRecordComponents();
    Set<String> known = new LinkedHashSet<>();
    Arrays.stream(components).forEach(c -> known.add(c.getName()));
    checkKeys(node, type, path, known);
    Object base = base(node, type, path, inherited);
    @Nullable Object[] arguments = new Object[components.length];
    Class<?>[] types = new Class<?>[components.length];
    List<String> missing = new ArrayList<>();
    for (int i = 0; i < components.length; i++) {
      RecordComponent component = components[i];
      types[i] = component.getType();
      Object fallback = base == null ? null : invoke(component.getAccessor(), base, path);
      JsonNode child = node.get(component.getName());
      if (child != null && child.isNull() && mayBeNull(component.getType())) {
        arguments[i] = null; // The record's constructor says whether it needs a value.
      } else if (child != null) {
        arguments[i] =
            value(child, component.getGenericType(), join(path, component.getName()), fallback);
      } else if (base != null) {
        arguments[i] = fallback;
      } else if (component.getType() == Optional.class && !mustBeSaid(component)) {
        arguments[i] = Optional.empty();
      } else {
        missing.add(component.getName());
      }
    }
    if (!missing.isEmpty()) {
      throw error(path, "misses the required key(s) " + missing + " of " + type.getSimpleName());
    }
    return construct(type, types, arguments, path);
  }

  /** Whether absence has to be written, as null: where forgetting a key would do silent harm. */
  private static boolean mustBeSaid(RecordComponent component) {
    JsonProperty property = component.getAccessor().getAnnotation(JsonProperty.class);
    return property != null && property.required();
  }

  private static boolean mayBeNull(Class<?> type) {
    return !type.isPrimitive() && type != Optional.class;
  }

  private void checkKeys(JsonNode node, Class<?> type, String path, Set<String> known) {
    Set<String> allowed = new LinkedHashSet<>(known);
    if (!presets(type).isEmpty()) {
      allowed.add(PRESET);
    }
    String typeKey = typeKey(type);
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      String key = entry.getKey();
      if (!allowed.contains(key) && !key.equals(typeKey)) {
        throw error(
            join(path, key),
            "is not a known key; "
                + type.getSimpleName()
                + " knows "
                + allowed
                + DidYouMean.hint(key, allowed));
      }
    }
  }

  private static String typeKey(Class<?> type) {
    for (Class<?> parent : type.getInterfaces()) {
      JsonTypeInfo info = parent.getAnnotation(JsonTypeInfo.class);
      if (info != null) {
        return info.property();
      }
    }
    return "";
  }

  private @Nullable Object base(
      JsonNode node, Class<?> type, String path, @Nullable Object inherited) {
    Map<String, Method> presets = presets(type);
    JsonNode name = node.get(PRESET);
    if (name == null) {
      Method defaults = presets.get("defaults");
      return inherited != null || defaults == null ? inherited : invoke(defaults, null, path);
    }
    Method preset = presets.get(name.asText());
    if (preset == null) {
      throw error(
          join(path, PRESET),
          "must be one of "
              + presets.keySet()
              + ", got "
              + name
              + DidYouMean.hint(name.asText(), presets.keySet()));
    }
    return invoke(preset, null, path);
  }

  /** Public static factories without arguments, e.g. {@code T3DConfig.tiny()}. */
  private static Map<String, Method> presets(Class<?> type) {
    Map<String, Method> out = new LinkedHashMap<>();
    for (String name :
        new TreeSet<>(Arrays.stream(type.getDeclaredMethods()).map(Method::getName).toList())) {
      try {
        Method method = type.getDeclaredMethod(name);
        int modifiers = method.getModifiers();
        if (Modifier.isStatic(modifiers)
            && Modifier.isPublic(modifiers)
            && type.isAssignableFrom(method.getReturnType())) {
          out.put(name, method);
        }
      } catch (NoSuchMethodException e) {
        // Only overloads with arguments bear this name.
      }
    }
    return out;
  }

  private Object construct(
      Class<?> type, Class<?>[] types, @Nullable Object[] arguments, String path) {
    try {
      var constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      Throwable cause = e.getCause();
      String what = cause.getMessage();
      if (cause instanceof NullPointerException) {
        what += " must have a value, got null"; // The constructor named what it requires.
      }
      throw new IllegalArgumentException(
          source + ": " + (path.isEmpty() ? "" : path + ": ") + what, cause);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("Cannot construct " + type, e);
    }
  }

  private Object invoke(Method method, @Nullable Object target, String path) {
    try {
      method.setAccessible(true);
      return method.invoke(target);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(source + ": " + path + ": cannot call " + method, e);
    }
  }

  private Object scalar(JsonNode node, Class<?> type, String path) {
    if (type.isEnum()) {
      return constant(node, type, path);
    }
    if (type == String.class || type == Path.class) {
      require(node.isTextual(), node, path, "text");
      return type == Path.class ? Path.of(node.textValue()) : node.textValue();
    }
    if (type == boolean.class || type == Boolean.class) {
      require(node.isBoolean(), node, path, "true or false");
      return node.booleanValue();
    }
    if (type == int.class || type == Integer.class) {
      require(isWhole(node) && node.canConvertToInt(), node, path, "an integer");
      return node.intValue();
    }
    if (type == long.class || type == Long.class) {
      require(isWhole(node) && node.canConvertToLong(), node, path, "an integer");
      return node.longValue();
    }
    if (type == double.class || type == Double.class) {
      return real(node, path);
    }
    if (type == float.class || type == Float.class) {
      return (float) real(node, path);
    }
    throw new IllegalStateException("Settings of type " + type + " are not supported");
  }

  private static boolean isWhole(JsonNode node) {
    return node.isIntegralNumber();
  }

  private double real(JsonNode node, String path) {
    if (node.isTextual()) {
      // YAML 1.1 reads 1e-4 (no point) as text.
      try {
        return Double.parseDouble(node.textValue());
      } catch (NumberFormatException e) {
        throw wrongType(node, path, "a number");
      }
    }
    require(node.isNumber(), node, path, "a number");
    return node.doubleValue();
  }

  private Object constant(JsonNode node, Class<?> type, String path) {
    List<String> names = new ArrayList<>();
    for (Object constant : type.getEnumConstants()) {
      String name = ((Enum<?>) constant).name();
      names.add(name);
      if (node.isTextual()
          && name.equalsIgnoreCase(SEPARATORS.replaceFrom(node.textValue(), '_'))) {
        return constant;
      }
    }
    throw error(
        path, "must be one of " + names + ", got " + node + DidYouMean.hint(node.asText(), names));
  }

  private void require(boolean ok, JsonNode node, String path, String expected) {
    if (!ok) {
      throw wrongType(node, path, expected);
    }
  }

  private IllegalArgumentException wrongType(JsonNode node, String path, String expected) {
    String kind = node.getNodeType().name().toLowerCase(Locale.ROOT);
    String text = node.toString();
    String shown = text.length() > 60 ? text.substring(0, 57) + "..." : text;
    return error(path, "must be " + expected + ", got " + shown + " (" + kind + ")");
  }

  private IllegalArgumentException error(String path, String what) {
    return new IllegalArgumentException(
        source + ": " + (path.isEmpty() ? "the top level" : "'" + path + "'") + " " + what);
  }

  private static String join(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }
}
