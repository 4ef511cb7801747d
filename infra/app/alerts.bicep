metadata description = 'What somebody should look at. Without an address the alerts show in the portal only.'

@description('Part of the names.')
param name string
param actionGroupName string
param location string
param tags object

@description('Where alerts are sent; empty for nowhere.')
param email string

param workspaceId string
param componentId string
param vaultId string
param tableServiceId string

@description('Origin under which clients reach the server.')
param publicBaseUrl string

// Lines of the log are JSON, one to a trace. A trace stands for ItemCount of them, since the host samples.
var logLines = 'AppTraces | where Message startswith "{" | extend line = parse_json(Message)'

var logAlerts = [
  {
    name: 'server-errors'
    title: 'More than 5 % of the answers are 5xx'
    severity: 1
    // Each by itself: a gateway logs the same calls again, and its failures would be halved.
    query: 'AppRequests | summarize total = sum(ItemCount), failed = sumif(ItemCount, toint(ResultCode) >= 500) by AppRoleName | where total >= 20 and failed * 20 > total'
    measure: 'failed'
    threshold: 0
  }
  {
    name: 'sign-in-broken'
    title: 'Nobody can sign in: Entra refuses the server, a key is missing or unusable, or a setting is wrong'
    severity: 1
    query: '${logLines} | where tostring(line.error) in ("entra_refused_server", "secret_missing", "secret_unusable", "secrets_unavailable", "signing_keys_unavailable", "misconfigured") or tostring(line.event) == "start_fault"'
    measure: 'ItemCount'
    threshold: 0
  }
  {
    name: 'sign-in-failures'
    title: 'Many sign-ins fail'
    severity: 2
    // What a client is told by redirect, such as Entra’s refusals, is a 303 with an error in its line.
    query: '${logLines} | where tostring(line.event) == "request" and tostring(line.route) startswith "/auth/" and (toint(line.status) >= 400 or isnotempty(tostring(line.error)))'
    measure: 'ItemCount'
    threshold: 30
  }
]

var metricAlerts = [
  {
    name: 'vault-throttling'
    title: 'Key Vault asks to slow down'
    scope: vaultId
    namespace: 'Microsoft.KeyVault/vaults'
    metric: 'ServiceApiResult'
    aggregation: 'Count'
    dimension: { name: 'StatusCode', operator: 'Include', values: ['429'] }
  }
  {
    name: 'table-throttling'
    title: 'Table Storage asks to slow down'
    scope: tableServiceId
    namespace: 'Microsoft.Storage/storageAccounts/tableServices'
    metric: 'Transactions'
    aggregation: 'Total'
    dimension: {
      name: 'ResponseType'
      operator: 'Include'
      values: ['ServerBusyError', 'ServerTimeoutError', 'ClientThrottlingError', 'ClientAccountRequestThrottlingError']
    }
  }
]

resource actionGroup 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(email)) {
  name: actionGroupName
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'mcp-alerts'
    emailReceivers: [{ name: 'operator', emailAddress: email, useCommonAlertSchema: true }]
  }
}

var actionGroupIds = empty(email) ? [] : [actionGroup.id]

resource logRules 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for alert in logAlerts: {
    name: '${alert.name}-${name}'
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: alert.title
      severity: alert.severity
      enabled: true
      scopes: [workspaceId]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      autoMitigate: true
      // The tables of a new workspace appear with their first row.
      skipQueryValidation: true
      criteria: {
        allOf: [
          {
            query: alert.query
            metricMeasureColumn: alert.measure
            timeAggregation: 'Total'
            operator: 'GreaterThan'
            threshold: alert.threshold
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      actions: { actionGroups: actionGroupIds }
    }
  }
]

resource metricRules 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for alert in metricAlerts: {
    name: '${alert.name}-${name}'
    location: 'global'
    tags: tags
    properties: {
      description: alert.title
      severity: 2
      enabled: true
      scopes: [alert.scope]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      autoMitigate: true
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: alert.name
            metricNamespace: alert.namespace
            metricName: alert.metric
            dimensions: [alert.dimension]
            operator: 'GreaterThan'
            threshold: 0
            timeAggregation: alert.aggregation
          }
        ]
      }
      actions: [for id in actionGroupIds: { actionGroupId: id }]
    }
  }
]

resource availability 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'healthz-${name}'
  location: location
  // Azure finds the component of a test by this tag.
  tags: union(tags, { 'hidden-link:${componentId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'healthz-${name}'
    Name: 'healthz'
    Kind: 'standard'
    Enabled: true
    Frequency: 300
    Timeout: 30
    RetryEnabled: true
    Locations: [
      { Id: 'emea-nl-ams-azr' }
      { Id: 'us-va-ash-azr' }
      { Id: 'apac-sg-sin-azr' }
    ]
    Request: {
      RequestUrl: '${publicBaseUrl}/healthz'
      HttpVerb: 'GET'
      FollowRedirects: false
      ParseDependentRequests: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
    }
  }
}

resource availabilityRule 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'availability-${name}'
  location: 'global'
  tags: tags
  properties: {
    description: '/healthz does not answer in two places of three'
    severity: 1
    enabled: true
    scopes: [availability.id, componentId]
    evaluationFrequency: 'PT1M'
    windowSize: 'PT15M'
    autoMitigate: true
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: availability.id
      componentId: componentId
      failedLocationCount: 2
    }
    actions: [for id in actionGroupIds: { actionGroupId: id }]
  }
}
