import com.google.gson.JsonParser;
import io.rong.RongCloud;
import io.rong.RongCloudConfig;
import io.rong.methods.message._private.Private;
import io.rong.models.Result;

final class RongCloudDriver {
    public static void main(String[] arguments) throws Exception {
        String url = JsonParser.parseString(arguments[arguments.length - 1]).getAsJsonObject().get("url").getAsString();
        RongCloud client = RongCloud.getInstance("demo", "secret", new RongCloudConfig(url));
        Driver.serve(client, RongCloudDriver::told);
    }

    /** The SDK returns a platform's error in place of raising it. */
    private static Object told(Object value) {
        if (value instanceof Result && !Integer.valueOf(200).equals(((Result) value).getCode())) {
            throw new IllegalStateException(String.valueOf(value));
        }
        return JsonParser.parseString(String.valueOf(value));
    }
}
