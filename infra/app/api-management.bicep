metadata description = 'A gateway in front of the app: checks tokens, limits calls for each user, holds nothing back.'

param name string
param location string
param tags object

@description('BasicV2 is the least that streams: Consumption does not.')
@allowed(['BasicV2', 'StandardV2'])
param skuName string

param publisherEmail string
param publisherName string

param identityId string
param identityClientId string

param componentId string
param connectionString string

@description('Origin of the gateway.')
param publicBaseUrl string

@description('Host name of the function app.')
param appHostName string

@description('Tenant whose tokens are accepted, or "organizations".')
param entraTenantId string

param apiClientId string
param apiIdentifierUri string

@description('What a challenge tells clients to ask for.')
param challengeScope string

@description('Calls with a token that each user may make in a minute.')
@minValue(1)
param callsPerMinute int

var namedValues = {
  'mcp-public-base-url': publicBaseUrl
  'mcp-tenant-id': entraTenantId
  'mcp-api-client-id': apiClientId
  'mcp-api-identifier-uri': apiIdentifierUri
  'mcp-challenge-scope': challengeScope
  'mcp-calls-per-minute': string(callsPerMinute)
}

// Whatever has no operation of its own. The root keeps /.well-known/* where clients look for it.
var openMethods = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']
var bearerOperations = [
  { name: 'mcp-post', method: 'POST', path: '/mcp' }
  { name: 'mcp-get', method: 'GET', path: '/mcp' }
  { name: 'mcp-delete', method: 'DELETE', path: '/mcp' }
  { name: 'me', method: 'GET', path: '/me' }
  { name: 'me-head', method: 'HEAD', path: '/me' }
  { name: 'echo', method: 'POST', path: '/echo' }
]

// Query strings hold the codes of the sign-in, bodies and headers hold tokens.
var nothing = { bytes: 0 }
var masking = {
  queryParams: [{ value: '*', mode: 'Hide' }]
  headers: [
    { value: 'Authorization', mode: 'Hide' }
    { value: 'Cookie', mode: 'Hide' }
  ]
}
var quiet = {
  request: { headers: [], body: nothing, dataMasking: masking }
  response: { headers: [], body: nothing, dataMasking: masking }
}

resource service 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: name
  location: location
  tags: tags
  sku: { name: skuName, capacity: 1 }
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    publisherEmail: publisherEmail
    publisherName: publisherName
    virtualNetworkType: 'None'
    developerPortalStatus: 'Disabled'
  }

  resource values 'namedValues' = [
    for item in items(namedValues): {
      name: item.key
      properties: { displayName: item.key, value: item.value, secret: false }
    }
  ]

  resource backend 'backends' = {
    name: 'mcp-server'
    properties: {
      protocol: 'http'
      url: 'https://${appHostName}'
      tls: { validateCertificateChain: true, validateCertificateName: true }
    }
  }

  resource logger 'loggers' = {
    name: 'application-insights'
    properties: {
      loggerType: 'applicationInsights'
      resourceId: componentId
      credentials: { connectionString: connectionString, identityClientId: identityClientId }
    }
  }

  resource api 'apis' = {
    name: 'mcp-server'
    properties: {
      displayName: 'MCP server'
      type: 'http'
      path: ''
      protocols: ['https']
      subscriptionRequired: false
      serviceUrl: 'https://${appHostName}'
    }

    resource policy 'policies' = {
      name: 'policy'
      properties: { format: 'rawxml', value: loadTextContent('policies/api.xml') }
      dependsOn: [backend]
    }

    resource diagnostics 'diagnostics' = {
      name: 'applicationinsights'
      properties: {
        loggerId: logger.id
        alwaysLog: 'allErrors'
        sampling: { samplingType: 'fixed', percentage: 100 }
        verbosity: 'information'
        httpCorrelationProtocol: 'W3C'
        operationNameFormat: 'Name'
        logClientIp: false
        metrics: true
        frontend: quiet
        backend: quiet
      }
    }

    resource open 'operations' = [
      for method in openMethods: {
        name: 'open-${toLower(method)}'
        properties: { displayName: '${method} (open)', method: method, urlTemplate: '/*' }
      }
    ]
  }
}

resource guarded 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = [
  for operation in bearerOperations: {
    parent: service::api
    name: operation.name
    properties: {
      displayName: '${operation.method} ${operation.path}'
      method: operation.method
      urlTemplate: operation.path
    }
  }
]

resource guards 'Microsoft.ApiManagement/service/apis/operations/policies@2024-05-01' = [
  for (operation, i) in bearerOperations: {
    parent: guarded[i]
    name: 'policy'
    properties: { format: 'rawxml', value: loadTextContent('policies/bearer.xml') }
    dependsOn: [service::values]
  }
]
