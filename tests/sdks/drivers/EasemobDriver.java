import com.easemob.im.server.EMProperties;
import com.easemob.im.server.EMService;
import com.easemob.im.shaded.reactor.core.publisher.Flux;
import com.easemob.im.shaded.reactor.core.publisher.Mono;
import com.google.gson.JsonParser;
import java.time.Duration;

final class EasemobDriver {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    public static void main(String[] arguments) throws Exception {
        String url = JsonParser.parseString(arguments[arguments.length - 1]).getAsJsonObject().get("url").getAsString();
        EMProperties properties = EMProperties.builder()
                .setAppkey("demo#relay")
                .setClientId("client")
                .setClientSecret("secret")
                .setBaseUri(url)
                .build();
        Driver.serve(new EMService(properties), EasemobDriver::awaited);
        System.exit(0); // the SDK's threads would keep it
    }

    private static Object awaited(Object value) {
        if (value instanceof Mono) {
            return ((Mono<?>) value).block(PATIENCE);
        }
        return value instanceof Flux ? ((Flux<?>) value).collectList().block(PATIENCE) : value;
    }
}
