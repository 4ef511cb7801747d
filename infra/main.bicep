targetScope = 'subscription'

@minLength(1)
@maxLength(64)
@description('Name of the environment: part of the resource group’s name and of the app registrations’.')
param environmentName string

@description('A region with Flex Consumption.')
@allowed([
  'australiaeast'
  'canadacentral'
  'centralindia'
  'centralus'
  'eastasia'
  'eastus'
  'eastus2'
  'francecentral'
  'germanywestcentral'
  'italynorth'
  'japaneast'
  'koreacentral'
  'northcentralus'
  'northeurope'
  'norwayeast'
  'southafricanorth'
  'southcentralus'
  'southeastasia'
  'southindia'
  'spaincentral'
  'swedencentral'
  'switzerlandnorth'
  'uaenorth'
  'uksouth'
  'ukwest'
  'westcentralus'
  'westeurope'
  'westus'
  'westus2'
  'westus3'
])
@metadata({ azd: { type: 'location' } })
param location string

@description('What people see on Entra’s pages.')
param displayName string = 'Entra MCP server (${environmentName})'

// App registrations.

@description('Application id of an existing API registration: then none is made, and the proxy’s must be given too.')
param entraApiClientId string = ''

@description('App ID URI of the existing API registration; empty for api://<application id>.')
param entraApiIdentifierUri string = ''

@description('Application id of an existing registration with which the proxy signs people in.')
param entraProxyClientId string = ''

@description('Application id of an existing registration for the smoke test.')
param entraSmokeClientId string = ''

@description('Whether to register an application for the smoke test, which takes the right to grant app roles.')
param createSmokeClient bool = true

@description('owner/name on GitHub, or owner@id/name@id where its tokens name ids: its workflows on the main branch may run the smoke test.')
param githubRepository string = ''

@description('Ids of further tenants whose people may sign in, separated by commas.')
param allowedTenants string = ''

@allowed(['managed-identity', 'secret'])
@description('How the proxy proves itself to Entra; "secret" is that of the vault, entra-client-secret.')
param entraClientCredential string = 'managed-identity'

// Gateway.

param useApiManagement bool = false

@allowed(['BasicV2', 'StandardV2'])
param apiManagementSku string = 'BasicV2'

@description('Where Azure sends notices about the gateway.')
param apiManagementPublisherEmail string = empty(alertEmail) ? 'noreply@example.com' : alertEmail

@minValue(1)
@description('Calls that each user may make in a minute through the gateway.')
param apiManagementCallsPerMinute int = 300

// Network, scale, monitoring.

@description('Whether storage and vault are reached through private endpoints only.')
param usePrivateNetwork bool = false

@description('Whether a deleted vault must wait out its retention. Cannot be taken back; leaves a vault behind after `azd down --purge`.')
param purgeProtection bool = false

@minValue(0)
@description('Instances that are always warm.')
param alwaysReadyInstances int = 0

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 100

@allowed([512, 2048, 4096])
param instanceMemoryMB int = 2048

@minValue(1)
@maxValue(1000)
@description('Requests, open streams included, that one instance answers at once.')
param perInstanceConcurrency int = 50

@description('Where alerts are sent; empty for nowhere.')
param alertEmail string = ''

@minValue(30)
@maxValue(730)
param logRetentionDays int = 30

@description('Gigabytes of logs a day.')
param logDailyCapGb string = '1'

// The developer.

@description('Whether the person who deploys may read and change the tables and read the secrets, to run the server on a laptop against them. Enough to be any user; not for production.')
param assignDeveloperRoles bool = false

@description('Object id of who deploys; azd gives it.')
param principalId string = ''

@allowed(['User', 'Group', 'ServicePrincipal'])
param principalType string = 'User'

// Settings of the server, src/config/settings.ts.

param requiredScopes string = 'access_as_user'
param requiredAppRoles string = 'Mcp.Invoke'
param allowedClientIds string = ''
param allowedOrigins string = ''
param maxRequestBytes string = '1048576'

@description('Calls of the routes below /auth, without /auth/authorize and /auth/register, that one address may make in a minute, likewise.')
param oauthCallsPerMinute string = '1200'

@description('Calls of /mcp that one caller may make in a minute, counted by each instance for itself; 0 for any number.')
param mcpCallsPerMinute string = '1200'
param tablePrefix string = 'mcp'

@allowed(['on', 'off'])
param oauthProxy string = 'on'

@allowed(['on', 'off'])
param oauthDcr string = 'on'

@allowed(['on', 'off'])
param oauthCimd string = 'on'

param oauthAllowedRedirectUris string = ''
param oauthExtraAuthorizeParams string = ''
param tokenExpirySeconds string = '3600'
param refreshTokenExpirySeconds string = '2592000'
param buildId string = 'dev'

@allowed(['debug', 'info', 'warn', 'error'])
param logLevel string = 'info'

param otlpEndpoint string = ''

@description('A reference to a secret of the vault: @Microsoft.KeyVault(…). Headers themselves would stand in the history of deployments.')
param otlpHeaders string = ''

@allowed(['http/protobuf', 'http/json'])
param otlpProtocol string = 'http/protobuf'

param tracesShare string = '1'

@allowed(['true', 'false'])
param telemetryDisabled string = 'false'

var abbreviations = loadJsonContent('abbreviations.json')
var resourceToken = toLower(uniqueString(subscription().id, environmentName, location))
var tags = { 'azd-env-name': environmentName }
// scripts/azd/postdown.ts finds the registrations by this name.
var registrationName = 'entra-mcp-${environmentName}-${take(subscription().subscriptionId, 8)}'
var createRegistrations = empty(entraApiClientId)

// Known before there is an app or a gateway, since the registrations and settings that these need name it.
var functionAppName = '${abbreviations.functionApp}${resourceToken}'
var apiManagementName = '${abbreviations.apiManagement}${resourceToken}'
var appDomains = {
  AzureCloud: 'azurewebsites.net'
  AzureUSGovernment: 'azurewebsites.us'
  AzureChinaCloud: 'chinacloudsites.cn'
}
var gatewayDomains = {
  AzureCloud: 'azure-api.net'
  AzureUSGovernment: 'azure-api.us'
  AzureChinaCloud: 'azure-api.cn'
}
var publicBaseUrl = useApiManagement
  ? 'https://${apiManagementName}.${gatewayDomains[environment().name]}'
  : 'https://${functionAppName}.${appDomains[environment().name]}'

var isMultiTenant = !empty(allowedTenants)
var entraTenantId = isMultiTenant ? 'organizations' : tenant().tenantId
// An existing registration has whatever form of URI its tenant allows.
var apiClientId = createRegistrations ? entra!.outputs.apiClientId : entraApiClientId
var existingApiIdentifierUri = empty(entraApiIdentifierUri) ? 'api://${entraApiClientId}' : entraApiIdentifierUri
var apiIdentifierUri = createRegistrations ? entra!.outputs.apiIdentifierUri : existingApiIdentifierUri
var proxyClientId = createRegistrations ? entra!.outputs.proxyClientId : entraProxyClientId
var smokeClientId = createRegistrations ? entra!.outputs.smokeClientId : entraSmokeClientId
var firstScope = split(requiredScopes, ',')[0]

resource group 'Microsoft.Resources/resourceGroups@2024-03-01' = {
  name: '${abbreviations.resourceGroup}${environmentName}'
  location: location
  tags: tags
}

module identity 'app/identity.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.identity}${resourceToken}'
    location: location
    tags: tags
  }
}

module gatewayIdentity 'app/identity.bicep' = if (useApiManagement) {
  scope: group
  params: {
    name: '${abbreviations.identity}gateway-${resourceToken}'
    location: location
    tags: tags
  }
}

module storage 'app/storage.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.storageAccount}${resourceToken}'
    location: location
    tags: tags
    containerName: 'packages'
    tablePrefix: tablePrefix
    isPrivate: usePrivateNetwork
  }
}

module vault 'app/key-vault.bicep' = {
  scope: group
  params: {
    name: '${abbreviations.keyVault}${resourceToken}'
    location: location
    tags: tags
    purgeProtection: purgeProtection
    isPrivate: usePrivateNetwork
  }
}

module monitoring 'app/monitoring.bicep' = {
  scope: group
  params: {
    workspaceName: '${abbreviations.logAnalytics}${resourceToken}'
    componentName: '${abbreviations.applicationInsights}${resourceToken}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
    dailyCapGb: logDailyCapGb
  }
}

module network 'app/network.bicep' = if (usePrivateNetwork) {
  scope: group
  params: {
    name: '${abbreviations.virtualNetwork}${resourceToken}'
    endpointPrefix: '${abbreviations.privateEndpoint}${resourceToken}-'
    location: location
    tags: tags
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
  }
}

module rbac 'app/rbac.bicep' = {
  scope: group
  params: {
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    componentName: monitoring.outputs.componentName
    appPrincipalId: identity.outputs.principalId
    gatewayPrincipalId: useApiManagement ? gatewayIdentity!.outputs.principalId : ''
    developerPrincipalId: assignDeveloperRoles ? principalId : ''
    developerPrincipalType: principalType
  }
}

module entra 'app/entra.bicep' = if (createRegistrations) {
  scope: group
  params: {
    name: registrationName
    displayName: displayName
    publicBaseUrl: publicBaseUrl
    scopeName: firstScope
    appRoleName: split(requiredAppRoles, ',')[0]
    isMultiTenant: isMultiTenant
    identityPrincipalId: identity.outputs.principalId
    createSmokeClient: createSmokeClient
    githubRepository: githubRepository
  }
}

module functionApp 'app/function-app.bicep' = {
  scope: group
  // The host reads its package and its locks as the identity, from its first second.
  dependsOn: [rbac]
  params: {
    name: functionAppName
    planName: '${abbreviations.plan}${resourceToken}'
    location: location
    tags: tags
    serviceName: 'mcp'
    identityId: identity.outputs.id
    identityClientId: identity.outputs.clientId
    storageAccountName: storage.outputs.name
    blobEndpoint: storage.outputs.blobEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    deploymentContainerName: storage.outputs.containerName
    keyVaultUrl: vault.outputs.url
    applicationInsightsConnectionString: monitoring.outputs.connectionString
    subnetId: usePrivateNetwork ? network!.outputs.appSubnetId : ''
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyInstances: alwaysReadyInstances
    perInstanceConcurrency: perInstanceConcurrency
    publicBaseUrl: publicBaseUrl
    trustedProxies: useApiManagement ? 2 : 1
    entraTenantId: entraTenantId
    entraAudiences: '${apiClientId},${apiIdentifierUri}'
    entraClientId: proxyClientId
    options: {
      ENTRA_REQUIRED_SCOPES: requiredScopes
      ENTRA_REQUIRED_APP_ROLES: requiredAppRoles
      // With the shared endpoint the own tenant must be listed too.
      ENTRA_ALLOWED_TENANTS: isMultiTenant ? '${tenant().tenantId},${allowedTenants}' : ''
      ENTRA_ALLOWED_CLIENT_IDS: allowedClientIds
      ENTRA_CLIENT_CREDENTIAL: entraClientCredential
      ALLOWED_ORIGINS: allowedOrigins
      MAX_REQUEST_BYTES: maxRequestBytes
      MCP_CALLS_PER_MINUTE: mcpCallsPerMinute
      TABLE_PREFIX: tablePrefix
      OAUTH_PROXY: oauthProxy
      OAUTH_DCR: oauthDcr
      OAUTH_CIMD: oauthCimd
      OAUTH_CALLS_PER_MINUTE: oauthCallsPerMinute
      OAUTH_ALLOWED_REDIRECT_URIS: oauthAllowedRedirectUris
      OAUTH_EXTRA_AUTHORIZE_PARAMS: oauthExtraAuthorizeParams
      TOKEN_EXPIRY_SECONDS: tokenExpirySeconds
      REFRESH_TOKEN_EXPIRY_SECONDS: refreshTokenExpirySeconds
      BUILD_ID: buildId
      LOG_LEVEL: logLevel
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpEndpoint
      OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders
      OTEL_EXPORTER_OTLP_PROTOCOL: otlpProtocol
      OTEL_TRACES_SAMPLER_ARG: tracesShare
      OTEL_SDK_DISABLED: telemetryDisabled
    }
  }
}

module apiManagement 'app/api-management.bicep' = if (useApiManagement) {
  scope: group
  dependsOn: [rbac]
  params: {
    name: apiManagementName
    location: location
    tags: tags
    skuName: apiManagementSku
    publisherEmail: apiManagementPublisherEmail
    publisherName: displayName
    identityId: gatewayIdentity!.outputs.id
    identityClientId: gatewayIdentity!.outputs.clientId
    componentId: monitoring.outputs.componentId
    connectionString: monitoring.outputs.connectionString
    publicBaseUrl: publicBaseUrl
    appHostName: functionApp.outputs.hostName
    entraTenantId: entraTenantId
    apiClientId: apiClientId
    apiIdentifierUri: apiIdentifierUri
    challengeScope: oauthProxy == 'on' ? replace(requiredScopes, ',', ' ') : '${apiIdentifierUri}/${firstScope}'
    callsPerMinute: apiManagementCallsPerMinute
  }
}

module alerts 'app/alerts.bicep' = {
  scope: group
  params: {
    name: resourceToken
    actionGroupName: '${abbreviations.actionGroup}${resourceToken}'
    location: location
    tags: tags
    email: alertEmail
    workspaceId: monitoring.outputs.workspaceId
    componentId: monitoring.outputs.componentId
    vaultId: vault.outputs.id
    tableServiceId: storage.outputs.tableServiceId
    publicBaseUrl: publicBaseUrl
  }
}

module workbook 'app/workbook.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    displayName: displayName
    workspaceId: monitoring.outputs.workspaceId
  }
}

output AZURE_TENANT_ID string = tenant().tenantId
output AZURE_RESOURCE_GROUP string = group.name
output AZURE_RESOURCE_MANAGER string = environment().resourceManager
output AZURE_FUNCTION_APP_NAME string = functionAppName
output AZURE_KEY_VAULT_ID string = vault.outputs.id
output AZURE_KEY_VAULT_NAME string = vault.outputs.name
// What an existing registration of the proxy needs: a redirect URI, and a federated credential for this principal.
output AZURE_IDENTITY_PRINCIPAL_ID string = identity.outputs.principalId
output MCP_CALLBACK_URL string = '${publicBaseUrl}/auth/callback'
output MCP_URL string = '${publicBaseUrl}/mcp'
output MCP_AUTHORITY string = environment().authentication.loginEndpoint
output MCP_API_CLIENT_ID string = apiClientId
output MCP_API_IDENTIFIER_URI string = apiIdentifierUri
output MCP_PROXY_CLIENT_ID string = proxyClientId
output MCP_SMOKE_CLIENT_ID string = smokeClientId
