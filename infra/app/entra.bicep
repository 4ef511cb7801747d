metadata description = 'The app registrations: the API, the application with which the proxy signs people in, and the one of the smoke test.'

extension microsoftGraphV1

@description('Beginning of the unique names; stays the same for an environment.')
param name string

@description('What people see on the consent page.')
param displayName string

@description('Origin under which clients reach the server.')
param publicBaseUrl string

@description('The scope that users’ tokens need.')
param scopeName string

@description('The app role that applications’ tokens need.')
param appRoleName string

@description('Whether people of other tenants sign in.')
param isMultiTenant bool

@description('Principal id of the managed identity with which the proxy proves itself.')
param identityPrincipalId string

@description('Whether to register an application for the smoke test. Assigning it the app role takes the right to grant app roles.')
param createSmokeClient bool

@description('owner/name, or owner@id/name@id, of the repository whose workflow on the main branch runs the smoke test; empty for none.')
param githubRepository string

var signInAudience = isMultiTenant ? 'AzureADMultipleOrgs' : 'AzureADMyOrg'
var visualStudioCode = 'aebc6443-996d-45c2-90f0-388ff96faa56'
var microsoftGraph = '00000003-0000-0000-c000-000000000000'
var graphScopes = {
  openid: '37f7f235-527c-4136-accd-4a02d197296e'
  profile: '14dad69e-099b-42c9-810b-d002981feec1'
  offlineAccess: '7427e0e9-2fba-42fe-b0c0-848c9e6a8182'
}
var exchangeAudiences = {
  AzureCloud: 'api://AzureADTokenExchange'
  AzureUSGovernment: 'api://AzureADTokenExchangeUSGov'
  AzureChinaCloud: 'api://AzureADTokenExchangeChina'
}
var scopeId = guid(name, 'scope', scopeName)
var appRoleId = guid(name, 'appRole', appRoleName)
// A reference to the application's own id is impossible, and tenants' policies refuse other forms.
var apiUri = 'api://${tenant().tenantId}/${name}-api'

resource api 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: '${name}-api'
  displayName: displayName
  signInAudience: signInAudience
  identifierUris: [apiUri]
  api: {
    requestedAccessTokenVersion: 2
    oauth2PermissionScopes: [
      {
        id: scopeId
        value: scopeName
        type: 'User'
        isEnabled: true
        adminConsentDisplayName: 'Use the tools of ${displayName}'
        adminConsentDescription: 'Lets the application call the tools as the signed-in user.'
        userConsentDisplayName: 'Use the tools of ${displayName} as you'
        userConsentDescription: 'Lets the application call the tools as you.'
      }
    ]
    preAuthorizedApplications: [
      {
        appId: visualStudioCode
        delegatedPermissionIds: [scopeId]
      }
      {
        appId: proxy.appId
        delegatedPermissionIds: [scopeId]
      }
    ]
  }
  appRoles: [
    {
      id: appRoleId
      value: appRoleName
      displayName: 'Call the tools of ${displayName}'
      description: 'Lets an application call the tools as itself.'
      allowedMemberTypes: ['Application']
      isEnabled: true
    }
  ]
}

resource apiPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: api.appId
}

// Not named as needing the API's scope, since the API names this one as pre-authorised.
resource proxy 'Microsoft.Graph/applications@v1.0' = {
  uniqueName: '${name}-proxy'
  displayName: '${displayName} (sign-in)'
  signInAudience: signInAudience
  web: {
    redirectUris: ['${publicBaseUrl}/auth/callback']
    implicitGrantSettings: { enableAccessTokenIssuance: false, enableIdTokenIssuance: false }
  }
  requiredResourceAccess: [
    {
      resourceAppId: microsoftGraph
      resourceAccess: [
        { id: graphScopes.openid, type: 'Scope' }
        { id: graphScopes.profile, type: 'Scope' }
        { id: graphScopes.offlineAccess, type: 'Scope' }
      ]
    }
  ]

  resource identityCredential 'federatedIdentityCredentials@v1.0' = {
    name: '${proxy.uniqueName}/managed-identity'
    description: 'The managed identity of the function app'
    audiences: [exchangeAudiences[environment().name]]
    issuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
    subject: identityPrincipalId
  }
}

resource proxyPrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = {
  appId: proxy.appId
}

resource smoke 'Microsoft.Graph/applications@v1.0' = if (createSmokeClient) {
  uniqueName: '${name}-smoke'
  displayName: '${displayName} (smoke test)'
  signInAudience: 'AzureADMyOrg'
}

resource smokeGitHub 'Microsoft.Graph/applications/federatedIdentityCredentials@v1.0' = if (createSmokeClient && !empty(githubRepository)) {
  name: '${smoke!.uniqueName}/github-main'
  description: 'The workflows of the main branch'
  audiences: ['api://AzureADTokenExchange']
  issuer: 'https://token.actions.githubusercontent.com'
  subject: 'repo:${githubRepository}:ref:refs/heads/main'
}

resource smokePrincipal 'Microsoft.Graph/servicePrincipals@v1.0' = if (createSmokeClient) {
  appId: smoke!.appId
}

resource smokeRole 'Microsoft.Graph/appRoleAssignedTo@v1.0' = if (createSmokeClient) {
  appRoleId: appRoleId
  principalId: smokePrincipal!.id
  resourceId: apiPrincipal.id
}

output apiClientId string = api.appId
output apiIdentifierUri string = apiUri
output proxyClientId string = proxy.appId
output smokeClientId string = createSmokeClient ? smoke!.appId : ''
