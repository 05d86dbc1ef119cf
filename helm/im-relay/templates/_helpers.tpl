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

{{- define "im-relay.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
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

{{/* The settings file. Refuses secrets: a ConfigMap is no place for them. */}}
{{- define "im-relay.settings" -}}
{{- if not .Values.settings.apps }}{{ fail "settings.apps is empty: name the two apps that are to be joined, see values.yaml" }}{{ end }}
{{- range $name, $app := .Values.settings.apps }}
{{- range $key, $_ := $app.account }}
{{- if and (contains "secret" $key) (not (hasSuffix "_file" $key)) }}
{{- fail (printf "settings.apps.%s.account.%s: give %s_file, a path under /etc/im-relay/secrets, and the content in a Secret" $name $key $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- $files := .Values.settings.files | default dict }}
{{- $store := (.Values.settings.media | default dict).store | default dict }}
{{- $security := (.Values.settings.kafka | default dict).security | default dict }}
{{- range $where, $section := dict "files" $files "media.store" $store "kafka.security" $security }}
{{- range $key, $_ := $section }}
{{- if or (and (contains "secret" $key) (not (hasSuffix "_file" $key))) (and (eq $where "kafka.security") (has $key (list "key" "key_password" "password" "token"))) }}
{{- fail (printf "settings.%s.%s: give %s_file, a path under /etc/im-relay/secrets, and the content in a Secret" $where $key $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if and .Values.files.enabled (not (and $files.public_url $files.secret_file)) }}
{{- fail "files.enabled: give settings.files.public_url, as chat clients reach it, and settings.files.secret_file" }}
{{- end }}
{{- toToml .Values.settings }}
{{- end }}

{{/* The settings without the rules, which running pods read again by themselves. */}}
{{- define "im-relay.lasting" -}}
{{- $lasting := deepCopy .Values.settings }}
{{- range $name, $app := $lasting.apps }}{{ $_ := unset $app "rules" }}{{ end }}
{{- toJson $lasting }}
{{- end }}

{{- define "im-relay.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "im-relay.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* A role's pods. Takes root, role (the label), args, values (the role's), preStop, volumes: name, path, and size, or no size for a claim. */}}
{{- define "im-relay.pod" -}}
{{- $ := .root -}}
metadata:
  labels:
    {{- include "im-relay.labels" $ | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
    {{- with $.Values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  annotations:
    checksum/settings: {{ include "im-relay.lasting" $ | sha256sum }}
    checksum/secrets: {{ toJson $.Values.secrets | sha256sum }}
    {{- with $.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  {{- with $.Values.serviceAccountName }}
  serviceAccountName: {{ . }}
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
        {{- with $.Values.env }}{{ toYaml . | nindent 8 }}{{ end }}
      ports:
        {{- if eq .role "ingress" }}
        - {name: callbacks, containerPort: {{ $.Values.settings.ingress.port }}}
        {{- end }}
        {{- if eq .role "files" }}
        - {name: files, containerPort: {{ $.Values.settings.files.port }}}
        {{- end }}
        - {name: metrics, containerPort: {{ $.Values.settings.observe.port }}}
      # Answers while Kafka's state is still being read: the port is open from the start.
      livenessProbe:
        httpGet: {path: /livez, port: metrics}
        initialDelaySeconds: 15
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
        {{- if include "im-relay.secret" $ }}
        - {name: secrets, mountPath: /etc/im-relay/secrets, readOnly: true}
        {{- end }}
        {{- range .volumes }}
        - {name: {{ .name }}, mountPath: {{ .path }}}
        {{- end }}
  volumes:
    - name: settings
      configMap: {name: {{ include "im-relay.name" $ }}}
    - name: tmp
      emptyDir: {sizeLimit: 64Mi}
    {{- with include "im-relay.secret" $ }}
    - name: secrets
      secret: {secretName: {{ . }}, defaultMode: 0440}
    {{- end }}
    {{- range .volumes }}
    {{- if .size }}
    - name: {{ .name }}
      emptyDir: {sizeLimit: {{ .size }}}
    {{- end }}
    {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "im-relay.selector" $ | nindent 10 }}
          app.kubernetes.io/component: {{ .role }}
  {{- with $.Values.nodeSelector }}
  nodeSelector: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.tolerations }}
  tolerations: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $.Values.affinity }}
  affinity: {{- toYaml . | nindent 4 }}
  {{- end }}
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
