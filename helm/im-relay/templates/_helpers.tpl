{{/* Everything is named after the release. */}}
{{- define "im-relay.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}{{ else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "im-relay.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "im-relay.labels" -}}
{{ include "im-relay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* With a digest, what runs is that and nothing else, whatever the tag says by then. */}}
{{- define "im-relay.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}{{ with .tag }}:{{ . }}{{ end }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "im-relay.secret" -}}
{{- if .Values.secrets.existing }}{{ .Values.secrets.existing }}{{ else if .Values.secrets.values }}{{ include "im-relay.name" . }}-secrets{{ end }}
{{- end }}

{{/* The platforms of the apps, each once, as a JSON list. */}}
{{- define "im-relay.platforms" -}}
{{- $found := list }}
{{- range .Values.settings.apps }}{{ $found = append $found .platform }}{{ end }}
{{- $found | uniq | sortAlpha | toJson }}
{{- end }}

{{/* A section of the settings by its dotted name. Takes root, name. */}}
{{- define "im-relay.section" -}}
{{- $found := .root.Values.settings }}
{{- range splitList "." .name }}{{ $found = index ($found | default dict) . | default dict }}{{ end }}
{{- toJson $found }}
{{- end }}

{{/* The keys of the Secret that a role uses, as a JSON list: files/secrets.json says who uses what. Takes root, role, platform. */}}
{{- define "im-relay.secretKeys" -}}
{{- $ := .root }}{{ $role := .role }}{{ $platform := .platform }}
{{- $known := $.Files.Get "files/secrets.json" | fromJson }}
{{- $tested := dig "canary" "apps" list $.Values.settings }}
{{- if and (eq $role "watch") $tested }}{{ $role = "canary" }}{{ end }}
{{- $about := index $known.roles $role }}
{{- $paths := list }}
{{- range $name, $app := $.Values.settings.apps }}
{{- if or (ne $role "canary") (has $name $tested) }}
{{- range $key, $path := $app.account }}
{{- $uses := index (index $known.accounts $app.platform | default dict) (trimSuffix "_file" $key) }}
{{- if and $uses (hasSuffix "_file" $key) (or (not $about.own_platform) (eq $app.platform $platform)) }}
{{- range $use := $uses }}{{ if has $use $about.uses }}{{ $paths = append $paths $path }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- range $name, $section := $known.sections }}
{{- if has $role $section.used_by }}
{{- $given := include "im-relay.section" (dict "root" $ "name" $name) | fromJson }}
{{- range $key := $section.keys }}{{ with index $given (printf "%s_file" $key) }}{{ $paths = append $paths . }}{{ end }}{{ end }}
{{- end }}
{{- end }}
{{- $keys := list }}
{{- range $paths | uniq }}
{{- if hasPrefix "/etc/im-relay/secrets/" . }}{{ $keys = append $keys (trimPrefix "/etc/im-relay/secrets/" .) }}{{ end }}
{{- end }}
{{- $keys | sortAlpha | toJson }}
{{- end }}

{{/* Ports as a NetworkPolicy has them. */}}
{{- define "im-relay.tcp" -}}
{{- $made := list }}
{{- range . }}{{ $made = append $made (dict "protocol" "TCP" "port" (int .)) }}{{ end }}
{{- toJson $made }}
{{- end }}

{{- define "im-relay.kafkaPorts" -}}
{{- $ports := .Values.networkPolicy.kafka.ports }}
{{- if not $ports }}
{{- range splitList "," .Values.settings.kafka.bootstrap }}{{ $ports = append $ports (int (trimPrefix ":" (regexFind ":[0-9]+$" (trim .)) | default "9092")) }}{{ end }}
{{- end }}
{{- include "im-relay.tcp" ($ports | uniq) }}
{{- end }}

{{/* The port of an address, as JSON. */}}
{{- define "im-relay.portOf" -}}
{{- $host := (urlParse .).host }}
{{- $port := regexFind ":[0-9]+$" $host | trimPrefix ":" }}
{{- if $port }}{{ $port }}{{ else if hasPrefix "http://" . }}80{{ else }}443{{ end }}
{{- end }}

{{/* Ports of the APIs, as a JSON list; of one platform, or of all. Takes root, platform. */}}
{{- define "im-relay.platformPorts" -}}
{{- $ports := .root.Values.networkPolicy.platforms.ports }}
{{- $platform := .platform }}
{{- range .root.Values.settings.apps }}
{{- if or (not $platform) (eq .platform $platform) }}
{{- $url := dig "account" "base_url" "" . }}
{{- $ports = append $ports (ternary 443 (int (include "im-relay.portOf" $url)) (empty $url)) }}
{{- end }}
{{- end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* Ports beside 80 and 443 that files come from and go to, as a JSON list. */}}
{{- define "im-relay.mediaPorts" -}}
{{- $ports := list }}
{{- range dig "media" "allow" list .Values.settings }}
{{- with regexFind "^[^/:]+:[0-9]+$" . }}{{ $ports = append $ports (int (regexFind "[0-9]+$" .)) }}{{ end }}
{{- end }}
{{- $store := include "im-relay.section" (dict "root" $ "name" "media.store") | fromJson }}
{{- with $store.endpoint }}{{ $ports = append $ports (int (include "im-relay.portOf" .)) }}{{ end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* The port of a proxy in this section of the settings, and of those that are known from elsewhere, as a JSON list. Takes root, section. */}}
{{- define "im-relay.proxyPorts" -}}
{{- $ports := .root.Values.networkPolicy.proxies.ports }}
{{- $proxy := dig .section "proxy" "" .root.Values.settings }}
{{- if and $proxy (ne $proxy "none") }}{{ $ports = append $ports (int (include "im-relay.portOf" $proxy)) }}{{ end }}
{{- $ports | uniq | toJson }}
{{- end }}

{{/* Says what to do, where an API is plainly at an inner address, which the policies keep the roles away from. Takes root, platform. */}}
{{- define "im-relay.inside" -}}
{{- $platform := .platform }}
{{- range $name, $app := .root.Values.settings.apps }}
{{- if or (not $platform) (eq $app.platform $platform) }}
{{- $host := regexReplaceAll ":[0-9]+$" (urlParse (dig "account" "base_url" "" $app)).host "" }}
{{- if and $host (or (not (contains "." $host)) (regexMatch "(\\.svc|\\.local|\\.internal)$" $host) (regexMatch "^(10|127|192\\.168|172\\.(1[6-9]|2[0-9]|3[01]))\\." $host)) }}
{{- printf "settings.apps.%s.account.base_url is at an inner address, %s: give networkPolicy.platforms.peers (a podSelector, namespaceSelector or ipBlock), or networkPolicy.enabled=false" $name $host }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* The settings file. Refuses secrets: a ConfigMap is no place for them. */}}
{{- define "im-relay.settings" -}}
{{- if not .Values.settings.apps }}{{ fail "settings.apps is empty: name the two apps that are to be joined, see values.yaml" }}{{ end }}
{{- $known := .Files.Get "files/secrets.json" | fromJson }}
{{- range $name, $app := .Values.settings.apps }}
{{- range $key, $value := $app.account }}
{{- if regexMatch "://[^/]*@" (toString $value) }}{{ fail (printf "settings.apps.%s.account.%s holds a user or a password: it would lie readable in a ConfigMap" $name $key) }}{{ end }}
{{- if and (contains "secret" $key) (not (hasSuffix "_file" $key)) }}
{{- fail (printf "settings.apps.%s.account.%s: give %s_file, a path under /etc/im-relay/secrets, and the content in a Secret" $name $key $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $where := list "deliver" "media" }}
{{- if contains "@" (dig $where "proxy" "" $.Values.settings) }}
{{- fail (printf "settings.%s.proxy holds a password: give proxy_file, a path under /etc/im-relay/secrets, and the content in a Secret" $where) }}
{{- end }}
{{- end }}
{{- $files := .Values.settings.files | default dict }}
{{- $marks := .Values.settings.marks | default dict }}
{{- range $where, $about := $known.sections }}
{{- range $key, $_ := include "im-relay.section" (dict "root" $ "name" $where) | fromJson }}
{{- if and (has $key $about.secret) (ne $key "proxy") }}
{{- fail (printf "settings.%s.%s: give %s_file, a path under /etc/im-relay/secrets, and the content in a Secret" $where $key $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.files.enabled (not (and $files.public_url $files.secret_file)) }}
{{- fail "files.enabled: give settings.files.public_url, as chat clients reach it, and settings.files.secret_file" }}
{{- end }}
{{- if not $marks.secret_file }}
{{- fail "settings.marks.secret_file is missing: by this secret the relay knows what it has sent itself; give a path under /etc/im-relay/secrets, and the content (openssl rand -hex 32) in a Secret" }}
{{- end }}
{{- $made := deepCopy .Values.settings }}
{{- if and .Values.console.enabled (not (dig "console" "metrics" list $made)) }}
{{- /* A name that leads to every pod of the release: each is asked. */}}
{{- $_ := set $made.console "metrics" (list (printf "http://%s-metrics:%d/metrics" (include "im-relay.name" .) (int $made.observe.port))) }}
{{- end }}
{{- toToml $made }}
{{- end }}

{{/* The settings without the rules, which running pods read again by themselves. */}}
{{- define "im-relay.lasting" -}}
{{- $lasting := deepCopy .Values.settings }}
{{- range $name, $app := $lasting.apps }}{{ $_ := unset $app "rules" }}{{ end }}
{{- toJson $lasting }}
{{- end }}

{{- define "im-relay.podSecurity" -}}
{{- toYaml .Values.podSecurityContext }}
{{- end }}

{{- define "im-relay.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* A role's pods. Takes root, role (the label), args, values (the role's), preStop, volumes: name, path, and size, or no size for a claim. */}}
{{- define "im-relay.pod" -}}
{{- $ := .root -}}
{{- $part := splitn "-" 2 .role }}
{{- $role := .role }}
{{- $keys := include "im-relay.secretKeys" (dict "root" $ "role" $part._0 "platform" ($part._1 | default "")) | fromJsonArray }}
{{- if not (include "im-relay.secret" $) }}{{ $keys = list }}{{ end -}}
metadata:
  labels:
    {{- include "im-relay.labels" $ | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with $.Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    checksum/settings: {{ include "im-relay.lasting" $ | sha256sum }}
    {{- with include "im-relay.secretVersion" $ }}
    im-relay/secret-version: {{ quote . }}
    {{- end }}
    {{- with $.Values.secrets.revision }}
    im-relay/secrets-revision: {{ quote . }}
    {{- end }}
    {{- with $.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- with include "im-relay.account" $ }}
  serviceAccountName: {{ . }}
  {{- end }}
  {{- with .values.priorityClassName | default $.Values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  automountServiceAccountToken: false
  # A Service called im-relay would put IM_RELAY_… variables here.
  enableServiceLinks: false
  terminationGracePeriodSeconds: {{ $.Values.terminationGracePeriodSeconds }}
  securityContext: {{- include "im-relay.podSecurity" $ | nindent 4 }}
  {{- with $.Values.imagePullSecrets }}
  imagePullSecrets: {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: {{ .role }}
      image: {{ include "im-relay.image" $ }}
      imagePullPolicy: {{ $.Values.image.pullPolicy }}
      args: {{ toJson .args }}
      env:
        - {name: IM_RELAY_CONFIG, value: /etc/im-relay/settings/relay.toml}
        {{- if has .role (list "convert" "media") | or (hasPrefix "deliver-" .role) }}
        # A container that dies is started again in its pod, and has its partitions back at once. A pod that ends in good order hands them over.
        - {name: IM_RELAY_KAFKA__INSTANCE, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
        {{- end }}
        {{- include "im-relay.caEnv" $ | nindent 8 }}
        {{- with $.Values.env }}{{ toYaml . | nindent 8 }}{{ end }}
        {{- with .values.env }}{{ toYaml . | nindent 8 }}{{ end }}
      {{- with concat $.Values.envFrom (.values.envFrom | default list) }}
      envFrom: {{- toYaml . | nindent 8 }}
      {{- end }}
      ports:
        {{- if eq .role "ingress" }}
        - {name: callbacks, containerPort: {{ $.Values.settings.ingress.port }}}
        {{- end }}
        {{- if eq .role "files" }}
        - {name: files, containerPort: {{ $.Values.settings.files.port }}}
        {{- end }}
        {{- if eq .role "console" }}
        - {name: page, containerPort: {{ $.Values.settings.console.port }}}
        {{- end }}
        - {name: metrics, containerPort: {{ $.Values.settings.observe.port }}}
      # The port is open from the start, before Kafka's state has been read.
      startupProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 2
        timeoutSeconds: 3
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /livez, port: metrics}
        periodSeconds: 10
        timeoutSeconds: 3
        failureThreshold: 6
      readinessProbe:
        httpGet: {path: /readyz, port: metrics}
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      {{- if .preStop }}
      lifecycle:
        # Until no new callbacks are led here.
        preStop: {exec: {command: [sleep, "{{ .preStop }}"]}}
      {{- end }}
      resources: {{- toYaml .values.resources | nindent 8 }}
      securityContext: {{- include "im-relay.security" $ | nindent 8 }}
      volumeMounts:
        # The directory, and not the file: only so does a running pod see a change.
        - {name: settings, mountPath: /etc/im-relay/settings, readOnly: true}
        - {name: tmp, mountPath: /tmp}
        {{- if $keys }}
        - {name: secrets, mountPath: /etc/im-relay/secrets, readOnly: true}
        {{- end }}
        {{- range .volumes }}
        - {name: {{ .name }}, mountPath: {{ .path }}}
        {{- end }}
        {{- with $.Values.caBundle.configMap }}
        - {name: ca-bundle, mountPath: /etc/im-relay/ca, readOnly: true}
        {{- end }}
        {{- with concat $.Values.extraVolumeMounts (.values.extraVolumeMounts | default list) }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    - name: settings
      configMap: {name: {{ include "im-relay.name" $ }}}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- if $keys }}
    # Only what this role uses.
    - name: secrets
      secret:
        secretName: {{ include "im-relay.secret" $ }}
        defaultMode: 0440
        items:
          {{- range $keys }}
          - {key: {{ quote . }}, path: {{ quote . }}}
          {{- end }}
    {{- end }}
    {{- range .volumes }}
    {{- if .size }}
    - name: {{ .name }}
      emptyDir: {sizeLimit: {{ .size }}}
    {{- end }}
    {{- end }}
    {{- include "im-relay.caVolume" $ | nindent 4 }}
    {{- with concat $.Values.extraVolumes (.values.extraVolumes | default list) }}{{ toYaml . | nindent 4 }}{{ end }}
  topologySpreadConstraints:
    {{- with .values.topologySpreadConstraints | default $.Values.topologySpreadConstraints }}
    {{- toYaml . | nindent 4 }}
    {{- else }}
    {{- range $key := list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
    - maxSkew: 1
      topologyKey: {{ $key }}
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "im-relay.selector" $ | nindent 10 }}
          app.kubernetes.io/component: {{ $role }}
    {{- end }}
    {{- end }}
  {{- include "im-relay.placed" (dict "root" $ "values" .values) | nindent 2 }}
{{- end }}

{{/* On which nodes. Takes root, values (a role's). */}}
{{- define "im-relay.placed" -}}
{{- with .values.nodeSelector | default .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations | default .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.affinity | default .root.Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "im-relay.account" -}}
{{- if .Values.serviceAccount.create }}{{ .Values.serviceAccountName | default (include "im-relay.name" .) }}{{ else }}{{ .Values.serviceAccountName }}{{ end }}
{{- end }}

{{- define "im-relay.caEnv" -}}
{{- if .Values.caBundle.configMap }}
- {name: SSL_CERT_FILE, value: /etc/im-relay/ca/{{ .Values.caBundle.key }}}
{{- end }}
{{- end }}

{{- define "im-relay.caVolume" -}}
{{- if .Values.caBundle.configMap }}
- name: ca-bundle
  configMap: {name: {{ .Values.caBundle.configMap }}}
{{- end }}
{{- end }}

{{/* The Secret of ours as it is in the cluster, as JSON; empty where Helm does not look, or has no cluster. */}}
{{- define "im-relay.existingSecret" -}}
{{- if and .Values.secrets.lookup .Values.secrets.existing }}
{{- toJson (lookup "v1" "Secret" .Release.Namespace .Values.secrets.existing) }}
{{- else }}{}{{ end }}
{{- end }}

{{/* Tells of a change without a word about what is in it. */}}
{{- define "im-relay.secretVersion" -}}
{{- dig "metadata" "resourceVersion" "" (include "im-relay.existingSecret" . | fromJson) }}
{{- end }}

{{/* The keys of the Secret that any role uses, as a JSON list. */}}
{{- define "im-relay.allSecretKeys" -}}
{{- $root := . }}{{ $keys := list }}
{{- $known := .Files.Get "files/secrets.json" | fromJson }}
{{- range $role, $about := $known.roles }}
{{- range $platform := ternary (include "im-relay.platforms" $root | fromJsonArray) (list "") $about.own_platform }}
{{- $keys = concat $keys (include "im-relay.secretKeys" (dict "root" $root "role" $role "platform" $platform) | fromJsonArray) }}
{{- end }}
{{- end }}
{{- $keys | uniq | sortAlpha | toJson }}
{{- end }}

{{/* Stops with words where the release could not work, whoever renders it. */}}
{{- define "im-relay.refuse" -}}
{{- $apps := .Values.settings.apps }}
{{- range $name, $app := $apps }}
{{- if not (hasKey $apps $app.target) }}
{{- fail (printf "settings.apps.%s.target is %q, and there is no such app; there are: %s" $name $app.target (join ", " (keys $apps | sortAlpha))) }}
{{- end }}
{{- if eq $app.target $name }}{{ fail (printf "settings.apps.%s.target is the app itself; name the app that receives its messages" $name) }}{{ end }}
{{- end }}
{{- $partitions := int .Values.settings.kafka.partitions }}
{{- $workers := dict "convert.replicas" .Values.convert.replicas "deliver.replicas" .Values.deliver.replicas }}
{{- if .Values.settings.media.carry }}{{ $_ := set $workers "media.replicas" .Values.media.replicas }}{{ end }}
{{- if .Values.migrate.platform }}{{ $_ := set $workers "migrate.replicas" .Values.migrate.replicas }}{{ end }}
{{- range $role := list "convert" "media" }}
{{- $scaled := (index $.Values $role).autoscaling }}
{{- if $scaled.enabled }}{{ $_ := set $workers (printf "%s.autoscaling.max" $role) $scaled.max }}{{ $_ := unset $workers (printf "%s.replicas" $role) }}{{ end }}
{{- end }}
{{- range $name, $count := $workers }}
{{- if gt (int $count) $partitions }}
{{- fail (printf "%s is %d, more than the %d of settings.kafka.partitions: those beyond would have nothing to do" $name (int $count) $partitions) }}
{{- end }}
{{- end }}
{{- range $role := list "ingress" "convert" "media" }}
{{- $scaled := (index $.Values $role).autoscaling }}
{{- if gt (int $scaled.min) (int $scaled.max) }}
{{- fail (printf "%s.autoscaling.min is %d, more than its max, %d" $role (int $scaled.min) (int $scaled.max)) }}
{{- end }}
{{- end }}
{{- if and .Values.media.autoscaling.enabled (not .Values.media.autoscaling.prometheus) }}
{{- fail "media.autoscaling.prometheus is empty: the address at which KEDA asks Prometheus, such as http://prometheus.monitoring:9090" }}
{{- end }}
{{- if .Values.console.enabled }}
{{- $console := .Values.settings.console }}
{{- if not $console.public_url }}
{{- fail "console.enabled: give settings.console.public_url, the address under which people open the page, such as https://relay.example.com" }}
{{- end }}
{{- if not (or $console.users_file $console.proxies) }}
{{- fail "console.enabled: nobody could log in; give settings.console.users_file, a path under /etc/im-relay/secrets (im-relay console-user makes its lines), or settings.console.proxies with proxy_secret_file" }}
{{- end }}
{{- if and $console.proxies (not $console.proxy_secret_file) }}
{{- fail "settings.console.proxies: give proxy_secret_file, a path under /etc/im-relay/secrets; the headers of a proxy are believed with that secret alone" }}
{{- end }}
{{- range $way := list "route" "gateway" }}
{{- $given := index $.Values.console $way }}
{{- if and $given.enabled $given.host (ne (lower $given.host) (include "im-relay.consoleHost" $)) }}
{{- fail (printf "console.%s.host is %q, and settings.console.public_url names %q: forms from another address are refused; leave the host out" $way $given.host (include "im-relay.consoleHost" $)) }}
{{- end }}
{{- end }}
{{- end }}
{{- $live := dict }}
{{- if and .Values.secrets.lookup .Values.secrets.existing }}{{ $live = lookup "v1" "ServiceAccount" .Release.Namespace "default" }}{{ end }}
{{- if $live }}
{{- $seen := include "im-relay.existingSecret" . | fromJson }}
{{- if not $seen }}
{{- fail (printf "secrets.existing is %q, and there is no such Secret in namespace %s: make it first (README.md shows how)" .Values.secrets.existing .Release.Namespace) }}
{{- end }}
{{- range $key := include "im-relay.allSecretKeys" . | fromJsonArray }}
{{- if not (hasKey ($seen.data | default dict) $key) }}
{{- fail (printf "the Secret %s in namespace %s has no key %q, which the settings name as /etc/im-relay/secrets/%s; it has: %s" $.Values.secrets.existing $.Release.Namespace $key $key (join ", " (keys ($seen.data | default dict) | sortAlpha))) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Stops where a StatefulSet has volumes of another size: Kubernetes refuses to change that in place. Takes root, name, size. */}}
{{- define "im-relay.sameVolumes" -}}
{{- $set := dict }}
{{- if .root.Values.secrets.lookup }}{{ $set = lookup "apps/v1" "StatefulSet" .root.Release.Namespace .name }}{{ end }}
{{- range dig "spec" "volumeClaimTemplates" list ($set | default dict) }}
{{- $there := dig "spec" "resources" "requests" "storage" "" . }}
{{- if ne $there $.size }}
{{- fail (printf "the volumes of StatefulSet %s are %s, and %s is asked for: Kubernetes changes none of an existing set. Grow them first: see \"Growing volumes\" in README.md" $.name $there $.size) }}
{{- end }}
{{- end }}
{{- end }}

{{/* How many workers; where an autoscaler decides, as many as there are: left out, the upgrade that brings the autoscaler would make them one,
     which moves all partitions. Empty where that is not known. Takes root, role. */}}
{{- define "im-relay.replicas" -}}
{{- $values := index .root.Values .role }}
{{- if not $values.autoscaling.enabled }}{{ $values.replicas }}
{{- else if .root.Values.secrets.lookup }}
{{- dig "spec" "replicas" "" (lookup "apps/v1" "Deployment" .root.Release.Namespace (printf "%s-%s" (include "im-relay.name" .root) .role) | default dict) }}
{{- end }}
{{- end }}

{{- define "im-relay.management" -}}
{{- $set := dict }}
{{- if .root.Values.secrets.lookup }}{{ $set = lookup "apps/v1" "StatefulSet" .root.Release.Namespace .name }}{{ end }}
{{- dig "spec" "podManagementPolicy" "Parallel" ($set | default dict) }}
{{- end }}

{{/* Lets a drain take one pod of a role at a time. Takes root, role. */}}
{{- define "im-relay.budget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "im-relay.name" .root }}-{{ .role }}
  labels: {{- include "im-relay.labels" .root | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "im-relay.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .role }}
{{- end }}
