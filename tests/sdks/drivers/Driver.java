import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Calls functions of an SDK as its standard input says, a line of JSON each.
 *
 * <p>An argument {"class": C, "new": [...], "with": {"method": [...]}} is an object of class C, made by its constructor, or by the static method "by", on which the methods
 * are called in order; what the last of them returns takes its place if it is another object. Without "new", its fields are taken from "fields".
 */
final class Driver {
    private static final Gson GSON = new GsonBuilder().disableHtmlEscaping().create();

    private Driver() {}

    /** *finish* turns what a call returns into what its caller waits for. */
    static void serve(Object root, Function<Object, Object> finish) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, "UTF-8");
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            JsonObject answer = new JsonObject();
            try {
                JsonObject asked = JsonParser.parseString(line).getAsJsonObject();
                answer.add("value", told(finish.apply(called(root, asked.get("call").getAsString(), asked.getAsJsonArray("args")))));
            } catch (Throwable error) {
                answer = new JsonObject();
                answer.addProperty("error", words(error));
            }
            out.println("=> " + GSON.toJson(answer));
        }
    }

    private static String words(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null && (cause instanceof InvocationTargetException || cause.getClass() == RuntimeException.class)) {
            cause = cause.getCause();
        }
        return cause.getClass().getSimpleName() + ": " + cause.getMessage();
    }

    private static JsonElement told(Object value) {
        if (value instanceof JsonElement) {
            return (JsonElement) value;
        }
        if (value instanceof Path || value instanceof java.net.URI) {
            return GSON.toJsonTree(value.toString());
        }
        try {
            return GSON.toJsonTree(value);
        } catch (RuntimeException cannot) {
            return GSON.toJsonTree(String.valueOf(value));
        }
    }

    private static Object called(Object root, String way, JsonArray arguments) throws Exception {
        String[] parts = way.split("\\.");
        Object target = root;
        for (int i = 0; i < parts.length - 1; i++) {
            target = member(target, parts[i]);
        }
        return invoked(target.getClass(), target, parts[parts.length - 1], arguments);
    }

    private static Object member(Object of, String name) throws Exception {
        if (of instanceof Map) {
            return ((Map<?, ?>) of).get(name);
        }
        for (Field field : of.getClass().getFields()) {
            if (field.getName().equals(name)) {
                return field.get(of);
            }
        }
        for (Method method : of.getClass().getMethods()) {
            if (method.getParameterCount() == 0 && (method.getName().equals(name) || method.getName().equalsIgnoreCase("get" + name))) {
                return method.invoke(of);
            }
        }
        throw new IllegalArgumentException("no " + name + " in " + of.getClass());
    }

    private static Object invoked(Class<?> type, Object target, String name, JsonArray arguments) throws Exception {
        Exception last = new NoSuchMethodException(type.getName() + "." + name + " with " + arguments.size() + " arguments");
        for (Method method : type.getMethods()) {
            if (!method.getName().equals(name) || method.getParameterCount() != arguments.size() || (target == null) != Modifier.isStatic(method.getModifiers())) {
                continue;
            }
            Object[] values;
            try {
                values = converted(arguments, method.getGenericParameterTypes(), method.getParameterTypes());
            } catch (RuntimeException | ClassNotFoundException other) {
                last = other;
                continue;
            }
            method.setAccessible(true);
            try {
                return method.invoke(target, values);
            } catch (InvocationTargetException thrown) {
                throw thrown.getCause() instanceof Exception ? (Exception) thrown.getCause() : thrown;
            }
        }
        throw last;
    }

    private static Object[] converted(JsonArray given, Type[] generic, Class<?>[] types) throws Exception {
        Object[] values = new Object[given.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = converted(given.get(i), generic[i], types[i]);
        }
        return values;
    }

    private static Object converted(JsonElement given, Type generic, Class<?> type) throws Exception {
        if (given.isJsonNull()) {
            return null;
        }
        if (given.isJsonObject() && given.getAsJsonObject().has("class")) {
            Object made = made(given.getAsJsonObject());
            if (!type.isInstance(made)) {
                throw new ClassCastException(made.getClass() + " is no " + type);
            }
            return made;
        }
        if (type.isArray() && given.isJsonArray()) {
            JsonArray items = given.getAsJsonArray();
            Object array = Array.newInstance(type.getComponentType(), items.size());
            for (int i = 0; i < items.size(); i++) {
                Array.set(array, i, converted(items.get(i), type.getComponentType(), type.getComponentType()));
            }
            return array;
        }
        if (java.util.Collection.class.isAssignableFrom(type) && given.isJsonArray() && holdsMade(given.getAsJsonArray())) {
            java.util.Collection<Object> all = java.util.Set.class.isAssignableFrom(type) ? new java.util.LinkedHashSet<>() : new java.util.ArrayList<>();
            for (JsonElement each : given.getAsJsonArray()) {
                all.add(made(each.getAsJsonObject()));
            }
            return all;
        }
        if (type == Duration.class) {
            return Duration.parse(given.getAsString());
        }
        if (type == Instant.class) {
            return Instant.ofEpochMilli(given.getAsLong());
        }
        if (type == Path.class) {
            return Path.of(given.getAsString());
        }
        if (type == Consumer.class) {
            return (Consumer<Object>) on -> with(on, given.getAsJsonObject());
        }
        if (given.isJsonPrimitive() && !alike(given.getAsJsonPrimitive(), type)) {
            throw new ClassCastException(given + " is no " + type);
        }
        if (type == String.class && !given.isJsonPrimitive()) {
            throw new ClassCastException("no text");
        }
        return GSON.fromJson(given, generic);
    }

    /** A text is no number, a number no text: functions of one name differ in that. */
    private static boolean alike(JsonPrimitive given, Class<?> type) {
        boolean number = type == int.class || type == long.class || type == float.class || type == double.class || Number.class.isAssignableFrom(type);
        boolean truth = type == boolean.class || type == Boolean.class;
        return given.isNumber() ? number : given.isBoolean() ? truth : !number && !truth;
    }

    private static boolean holdsMade(JsonArray items) {
        return !items.isEmpty() && items.get(0).isJsonObject() && items.get(0).getAsJsonObject().has("class");
    }

    private static Object made(JsonObject given) throws Exception {
        Class<?> type = Class.forName(given.get("class").getAsString());
        Object object;
        if (given.has("fields")) {
            object = GSON.fromJson(given.get("fields"), type);
        } else if (given.has("by")) {
            object = invoked(type, null, given.get("by").getAsString(), given.has("new") ? given.getAsJsonArray("new") : new JsonArray());
        } else {
            object = constructed(type, given.has("new") ? given.getAsJsonArray("new") : new JsonArray());
        }
        return given.has("with") ? with(object, given.getAsJsonObject("with")) : object;
    }

    private static Object constructed(Class<?> type, JsonArray arguments) throws Exception {
        Exception last = new NoSuchMethodException("no constructor of " + type + " with " + arguments.size() + " arguments");
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (constructor.getParameterCount() != arguments.size()) {
                continue;
            }
            try {
                Object[] values = converted(arguments, constructor.getGenericParameterTypes(), constructor.getParameterTypes());
                constructor.setAccessible(true);
                return constructor.newInstance(values);
            } catch (RuntimeException | ClassNotFoundException other) {
                last = other;
            }
        }
        throw last;
    }

    private static Object with(Object on, JsonObject methods) {
        Object now = on;
        try {
            for (Map.Entry<String, JsonElement> each : methods.entrySet()) {
                Object returned = invoked(now.getClass(), now, each.getKey(), each.getValue().getAsJsonArray());
                now = returned != null && !(returned instanceof Boolean) ? returned : now;
            }
        } catch (Exception error) {
            throw new RuntimeException(error);
        }
        return now;
    }
}
