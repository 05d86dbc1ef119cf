import com.alibaba.fastjson2.JSON;
import com.google.gson.JsonParser;
import com.netease.nim.server.sdk.core.BizName;
import com.netease.nim.server.sdk.core.Result;
import com.netease.nim.server.sdk.core.YunxinApiHttpClient;
import com.netease.nim.server.sdk.im.v1.YunxinV1ApiServices;
import com.netease.nim.server.sdk.im.v2.YunxinV2ApiServices;
import java.util.Map;

final class YunxinDriver {
    public static void main(String[] arguments) throws Exception {
        String url = JsonParser.parseString(arguments[arguments.length - 1]).getAsJsonObject().get("url").getAsString();
        YunxinApiHttpClient client = new YunxinApiHttpClient.Builder(BizName.IM, "demo", "secret").endpoint(url + "/nimserver").timeoutMillis(5000).build();
        Driver.serve(Map.of("v1", new YunxinV1ApiServices(client), "v2", new YunxinV2ApiServices(client)), YunxinDriver::told);
        System.exit(0);
    }

    private static Object told(Object value) {
        Result<?> result = (Result<?>) value;
        if (!result.isSuccess()) {
            throw new IllegalStateException(result.getCode() + " " + result.getMsg());
        }
        return JsonParser.parseString(JSON.toJSONString(result.getResponse()));
    }
}
